/**
 * The mutation run: makes one mistake at a time in our synthesized templates and counts how many of those that can
 * lose, delay or leak a message the guards and proofs find. Each system is taken alone, with a sample of its own.
 *
 * npm run mutations -- [--sample 600] [--seed 1] [--environment prod] [--systems core,commerce]
 */
import { parseArgs } from 'node:util';
import { synthesize } from '../lib/stacks/synthesize.ts';
import { ENVIRONMENT_NAMES, onlySystems, SYSTEM_NAMES } from '../../lib/config/index.ts';
import { mutationRun } from './mutation-run.ts';

const { values } = parseArgs({
  options: {
    sample: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    systems: { type: 'string', default: SYSTEM_NAMES.join(',') },
    environment: { type: 'string', default: 'prod' },
  },
});
const environment = ENVIRONMENT_NAMES.find((name) => name === values.environment);
if (environment === undefined) throw new Error(`--environment: one of ${ENVIRONMENT_NAMES.join(', ')}`);
const systems = values.systems.split(',').map((name) => {
  const system = SYSTEM_NAMES.find((one) => one === name);
  if (system === undefined) throw new Error(`--systems: of ${SYSTEM_NAMES.join(', ')}, with commas between`);
  return system;
});

const print = (line: string): boolean => process.stdout.write(`${line}\n`);
for (const system of systems) {
  const { directory } = synthesize(environment, { systems: onlySystems([system]) });
  const result = mutationRun(directory, Number(values.sample), Number(values.seed));
  const { all, sampled, harmless, caught, escaped } = result;
  const harmful = caught.length + escaped.length;
  const by = (kind: 'guard' | 'proof'): number => caught.filter((one) => one.by.includes(kind)).length;
  print(`${system}: ${all} mutations of ${environment}, ${sampled} sampled (seed ${values.seed})`);
  print(`  ${harmless.length} harmless, ${harmful} that can lose, delay or leak a message`);
  print(`  ${caught.length} caught: ${((100 * caught.length) / harmful).toFixed(1)} %`);
  print(`    by guards ${by('guard')}, by proofs ${by('proof')}`);
  for (const { type, logicalId, path, change } of escaped)
    print(`    escaped  ${type} ${logicalId} ${path}: ${change}`);
}
