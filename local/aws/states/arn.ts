/** The ARNs of Step Functions, and the names in them. */
import type { AwsContext } from '../context.ts';
import { invalidArn, invalidName, wrongArn } from './errors.ts';
import { NAME_LENGTH } from './limits.ts';
import type { MachineType } from './model.ts';

type Identity = Pick<AwsContext, 'region' | 'accountId'>;

/** Not allowed in names: white space, brackets, wildcards, special and control characters. */
// oxlint-disable-next-line no-control-regex -- control characters are what it refuses
const FORBIDDEN = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff]/;

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html */
export function checkedName(name: string): string {
  if (name === '' || name.length > NAME_LENGTH || FORBIDDEN.test(name)) throw invalidName(name);
  return name;
}

export function machineArn({ region, accountId }: Identity, name: string): string {
  return `arn:aws:states:${region}:${accountId}:stateMachine:${name}`;
}

export function activityArn({ region, accountId }: Identity, name: string): string {
  return `arn:aws:states:${region}:${accountId}:activity:${name}`;
}

export function executionArn(
  { region, accountId }: Identity,
  machine: string,
  name: string,
  type: MachineType,
  unique: string,
): string {
  const prefix = `arn:aws:states:${region}:${accountId}`;
  return type === 'STANDARD'
    ? `${prefix}:execution:${machine}:${name}`
    : `${prefix}:express:${machine}:${name}:${unique}`;
}

const ARN = /^arn:[a-z-]+:states:[a-z0-9-]+:\d{12}:([A-Za-z]+):(.+)$/;

/** A machine's ARN and the version number or alias behind it. Throws `InvalidArn`. */
export function parseMachineArn(arn: string): {
  readonly arn: string;
  readonly qualifier: string | undefined;
} {
  const [, kind = '', rest = ''] = ARN.exec(arn) ?? [];
  if (kind === '') throw invalidArn(arn);
  if (kind !== 'stateMachine') throw wrongArn(kind);
  const [name = '', qualifier] = rest.split(':');
  return {
    arn: qualifier === undefined ? arn : arn.slice(0, arn.length - qualifier.length - 1),
    qualifier: name === '' ? undefined : qualifier,
  };
}

/** Throws `InvalidArn` unless the ARN is of this kind: `execution`, `activity`. */
export function checkedArn(arn: string, kind: string): string {
  const found = ARN.exec(arn)?.[1];
  if (found === undefined) throw invalidArn(arn);
  if (found !== kind) throw wrongArn(found);
  return arn;
}

/** The machine that an execution belongs to. */
export function machineOfExecution(arn: string): string {
  const parts = arn.split(':');
  const name = parts[6]?.split('/')[0] ?? '';
  return [...parts.slice(0, 5), 'stateMachine', name].join(':');
}
