/** Exports of stacks: a name has one holder, and what others use stays as it is. */
import { AssemblyError } from '../../lib/assembly/errors.ts';
import type { Stack, StackOutput } from './stack.ts';
import type { Stacks } from './stacks.ts';

/** @throws AssemblyError for outputs that would take another stack's name, or change what another stack imports */
export function refuseExportsInUse(stacks: Stacks, stack: Stack, outputs: readonly StackOutput[]): void {
  const exported = stacks.exports();
  for (const { exportName, name } of outputs) {
    const holder = exportName === undefined ? undefined : exported.get(exportName)?.stack;
    if (holder !== undefined && holder !== stack) {
      throw new AssemblyError(
        'WAYBILL_RESOURCE_FAILED',
        `The output ${name} of ${stack.name}: Export with name ${exportName} is already exported by stack ${holder.name}.`,
      );
    }
  }
  for (const { exportName, value } of stack.outputs) {
    if (exportName === undefined) continue;
    const next = outputs.find((output) => output.exportName === exportName);
    const users = stacks.importers(exportName).filter((each) => each !== stack);
    if (users.length === 0 || JSON.stringify(next?.value) === JSON.stringify(value)) continue;
    const verb = next === undefined ? 'deleted' : 'updated';
    throw new AssemblyError(
      'WAYBILL_RESOURCE_FAILED',
      `Export ${exportName} cannot be ${verb} as it is in use by ${users.map(({ name }) => name).join(' and ')}.`,
    );
  }
}
