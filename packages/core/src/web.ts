export {
  type FetchApp,
  type FetchInfo,
  ForeignExchange,
  type ForeignOptions,
  type ForeignRequest,
  type Puller,
  fromFetch,
  pullerOf,
  toFetch,
} from './fetch/fetch.ts'
