/** Remembers the alarms of an application, so that dashboards show all of them without a list kept by hand. */
import type { AlarmBase } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import type { AlarmSeverity } from './alarm-props.ts';

export interface RegisteredAlarm {
  readonly alarm: AlarmBase;
  /** Its name in AWS. */
  readonly name: string;
  readonly severity: AlarmSeverity;
  /** A composite alarm speaks for it. */
  readonly silent: boolean;
}

const registry = new WeakMap<IConstruct, RegisteredAlarm[]>();

export function registerAlarm(registered: RegisteredAlarm): void {
  const { root } = registered.alarm.node;
  const known = registry.get(root);
  if (known === undefined) registry.set(root, [registered]);
  else known.push(registered);
}

/** Those at or below one of the scopes, in the order in which they were made. */
export function alarmsWithin(scopes: readonly IConstruct[]): readonly RegisteredAlarm[] {
  const [first] = scopes;
  const wanted = new Set(scopes);
  return (first === undefined ? [] : (registry.get(first.node.root) ?? [])).filter(({ alarm }) =>
    alarm.node.scopes.some((scope) => wanted.has(scope)),
  );
}
