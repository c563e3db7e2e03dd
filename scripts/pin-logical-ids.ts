/**
 * Adds the stateful resources that are new to test/lib/stacks/logical-ids.json: `npm run logical-ids`. It never
 * takes one out or changes one: that is done by hand, by somebody who has thought of what is deployed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { statefulResourcesOf } from '../test/lib/stacks/stateful-resources.ts';
import type { LogicalIds } from '../test/lib/stacks/stateful-resources.ts';
import { synthesize } from '../test/lib/stacks/synthesize.ts';

const FILE = fileURLToPath(new URL('../test/lib/stacks/logical-ids.json', import.meta.url));

const pinned = JSON.parse(readFileSync(FILE, 'utf8')) as LogicalIds;
const present = statefulResourcesOf(synthesize('prod').templates);
const stacks = [...new Set([...Object.keys(pinned), ...Object.keys(present)])].toSorted();
const merged = Object.fromEntries(
  stacks.map((stack) => [
    stack,
    Object.fromEntries(
      Object.entries({ ...present[stack], ...pinned[stack] }).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
  ]),
);
const count = (ids: LogicalIds) => Object.values(ids).flatMap((resources) => Object.keys(resources)).length;
writeFileSync(FILE, `${JSON.stringify(merged, null, 2)}\n`);
process.stdout.write(`${count(merged) - count(pinned)} added, ${count(merged)} pinned\n`);
