// All that the three entries of @spillway/parser export, in one module, which size-limit measures as "all three entries".
export * from '../../packages/parser/dist/index.js'
export * from '../../packages/parser/dist/serialize.js'
export * from '../../packages/parser/dist/fields.js'
