/**
 * `npm run conformance -- --endpoint URL`: runs the conformance suite against an endpoint and prints the table.
 * Without an endpoint it runs against the embedded AWS; `--endpoint aws` is AWS itself, with the region and
 * credentials of the environment.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runSuite } from './suite.ts';
import { plainTable, summary } from './table.ts';

const { values: options } = parseArgs({
  options: {
    endpoint: { type: 'string' },
    service: { type: 'string', multiple: true },
    json: { type: 'string' },
    slow: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  process.stdout.write(`npm run conformance -- [options]
  --endpoint URL   the endpoint; "aws" for AWS itself; the embedded AWS when absent
  --service NAME   only this service's behaviours (sqs, sns, events); may be repeated
  --json FILE      writes the results as JSON, too
  --slow           makes the waits that are over a few seconds, too
`);
  process.exit(0);
}

const results = runSuite({
  endpoint: options.endpoint,
  services: options.service ?? [],
  slow: options.slow,
});
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
process.stdout.write(`${plainTable(results)}\n${summary(results)}\n`);
process.exitCode = results.some(({ outcome }) => outcome === 'failed') || results.length === 0 ? 1 : 0;
