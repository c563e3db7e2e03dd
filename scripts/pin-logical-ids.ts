/**
 * Adds the stateful resources that are new to test/lib/stacks/logical-ids.json: `npm run logical-ids`. It never
 * takes one out or changes one: that is done by hand, by somebody who has thought of what is deployed.
 *
 * npm run logical-ids [-- SYSTEM...]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onlySystems, SYSTEM_NAMES } from '../lib/config/index.ts';
import { statefulResourcesOf } from '../test/lib/stacks/stateful-resources.ts';
import type { LogicalIds } from '../test/lib/stacks/stateful-resources.ts';
import { synthesize } from '../test/lib/stacks/synthesize.ts';

const FILE = fileURLToPath(new URL('../test/lib/stacks/logical-ids.json', import.meta.url));

const pinned = JSON.parse(readFileSync(FILE, 'utf8')) as LogicalIds;
const named = process.argv.slice(2);
const unknown = named.filter((name) => !SYSTEM_NAMES.some((system) => system === name));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: the systems are ${SYSTEM_NAMES.join(', ')}`);
const systems = SYSTEM_NAMES.filter((name) => named.length === 0 || named.includes(name));
const { templates } = synthesize('prod', { systems: onlySystems(systems) });
const present = statefulResourcesOf(templates);
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
