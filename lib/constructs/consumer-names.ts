/**
 * Refuses two consumers of one name: they would share an inbox, and each would skip what the other handled. That is
 * what the consumer of a replica is for: it may have the name of the one whose place it takes.
 */
import type { IConstruct } from 'constructs';
import { applicationOf } from './application-of.ts';
import { describeFailure } from './errors.ts';

const namesByApplication = new WeakMap<IConstruct, Map<string, IConstruct[]>>();

/** @param standby the Region where it takes the place of another one of this name */
export function registerConsumerName(scope: IConstruct, consumerName: string, standby?: string): void {
  const application = applicationOf(scope);
  const name = standby === undefined ? consumerName : `${consumerName} in ${standby}`;
  const names = namesByApplication.get(application) ?? new Map<string, IConstruct[]>();
  namesByApplication.set(application, names);
  const bearers = names.get(name) ?? [];
  names.set(name, [...bearers, scope]);
  const first = bearers[0];
  if (first === undefined) return;
  scope.node.addValidation({
    validate: () => [
      describeFailure({
        code: 'WAYBILL_CONSUMER_NAME_TAKEN',
        prop: 'consumerName',
        received: `'${name}', which ${first.node.path} has`,
        allowed: 'a name of its own',
        fix: 'give consumerName: consumers of one name share an inbox and skip what the other has handled',
      }),
    ],
  });
}
