// Second opinion on CSAF: the mandatory tests of @secvisogram/csaf-validator-lib, and the schema, of 2.0 or (--2.1) what it has of 2.1.
// Usage: node validate-csaf.mjs   Reads lines, each a JSON list [--2.1] FILE..., until its input ends; answers each with a
// line, one JSON object: ran, names, and report: file name -> list of {test, path, message}.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import validate from '@secvisogram/csaf-validator-lib/validate.js'
import * as mandatory from '@secvisogram/csaf-validator-lib/mandatoryTests.js'
import * as newer from '@secvisogram/csaf-validator-lib/csaf_2_1/mandatoryTests.js'
import * as newerSchema from '@secvisogram/csaf-validator-lib/csaf_2_1/schemaTests.js'
import * as schema from '@secvisogram/csaf-validator-lib/schemaTests.js'

for await (const line of createInterface({ input: process.stdin })) {
  const words = JSON.parse(line)
  const isNewer = words[0] === '--2.1'
  const tests = isNewer ? [newerSchema.csaf_2_1, ...Object.values(newer)] : [schema.csaf_2_0, ...Object.values(mandatory)]
  const report = {}
  for (const file of words.slice(isNewer ? 1 : 0)) {
    const { tests: results } = await validate(tests, JSON.parse(readFileSync(file, 'utf8')))
    if (results.length !== tests.length) throw new Error('some tests did not run')
    report[file] = results.flatMap(({ name, errors }) =>
      errors.map(({ instancePath, message }) => ({ test: name, path: instancePath, message }))
    )
  }
  console.log(JSON.stringify({ ran: tests.length, names: tests.map(({ name }) => name), report }))
}
