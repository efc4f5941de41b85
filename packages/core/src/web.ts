export {
  type FetchApp,
  type FetchInfo,
  ForeignExchange,
  type ForeignOptions,
  type ForeignRequest,
  type ForeignSettings,
  type Puller,
  foreignSettings,
  fromFetch,
  pullerOf,
  toFetch,
} from './fetch/fetch.ts'
