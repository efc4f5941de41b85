import { readOptions } from '@spillway/core/options'
import { reader, testReaders } from '@spillway/vitest-config/option-tables'
import { type InspectOptions, type InspectorOptions, inspectRules, inspectorRules } from '../src/options.ts'

testReaders([
  reader<InspectorOptions>(
    'inspector',
    (options) => readOptions(inspectorRules, options),
    {},
    { path: 'other', always: 'other', inProduction: 'other', remote: 'other', print: 'other' },
  ),
  reader<InspectOptions>(
    'inspect',
    (options) => readOptions(inspectRules, options),
    {},
    { port: 'number', host: 'other', always: 'other', inProduction: 'other' },
  ),
])
