/**
 * The mutation run: makes one mistake at a time in our synthesized templates and counts how many of those that can
 * lose, delay or leak a message the guards and proofs find.
 *
 * npm run mutations -- [--sample 600] [--seed 1] [--environment prod] [--core-only]
 */
import { parseArgs } from 'node:util';
import { synthesize } from '../lib/stacks/synthesize.ts';
import { ENVIRONMENT_NAMES, onlySystems } from '../../lib/config/index.ts';
import { mutationRun } from './mutation-run.ts';

const { values } = parseArgs({
  options: {
    sample: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    'core-only': { type: 'boolean', default: false },
    environment: { type: 'string', default: 'prod' },
  },
});
const environment = ENVIRONMENT_NAMES.find((name) => name === values.environment);
if (environment === undefined) throw new Error(`--environment: one of ${ENVIRONMENT_NAMES.join(', ')}`);

const systems = values['core-only'] ? { systems: onlySystems(['core']) } : {};
const result = mutationRun(
  synthesize(environment, systems).directory,
  Number(values.sample),
  Number(values.seed),
);
const { all, sampled, harmless, caught, escaped } = result;
const harmful = caught.length + escaped.length;
const print = (line: string): boolean => process.stdout.write(`${line}\n`);
print(`${all} mutations of ${environment}, ${sampled} sampled (seed ${values.seed})`);
print(`${harmless.length} harmless, ${harmful} that can lose, delay or leak a message`);
print(`${caught.length} caught: ${((100 * caught.length) / harmful).toFixed(1)} %`);
print(
  `  by guards ${caught.filter(({ by }) => by.includes('guard')).length}, by proofs ${caught.filter(({ by }) => by.includes('proof')).length}`,
);
for (const { type, logicalId, path, change } of escaped)
  print(`  escaped  ${type} ${logicalId} ${path}: ${change}`);
