// All that @spillway/parser exports, in one module: what size-limit measures as "everything".
export * from '../../packages/parser/dist/index.js'
export * from '../../packages/parser/dist/serialize.js'
export * from '../../packages/parser/dist/fields.js'
