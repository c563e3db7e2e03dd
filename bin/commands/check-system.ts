/** Refuses a system that the installed package does not have, before anything that runs it is loaded. */
import { systemsElsewhere } from '../../local/run/systems/index.ts';
import { CommandError } from '../command-error.ts';

/** @throws CommandError WAYBILL_SYSTEM_NOT_PACKAGED */
export function checkSystem(name: string, elsewhere: readonly string[] = systemsElsewhere()): void {
  if (!elsewhere.includes(name)) return;
  throw new CommandError('WAYBILL_SYSTEM_NOT_PACKAGED', `the package does not have the system '${name}'`, {
    fix: `give --system core; '${name}' is an application of Waybill's own repository: in a clone of it, npm start -- --system ${name}`,
  });
}
