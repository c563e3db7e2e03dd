/** AddPermission and RemovePermission: one statement of the queue policy per label. */
import { invalidValue, missingParameter, overLimit } from './errors.ts';
import { requiredText, textList, type Input } from './input.ts';
import { MAXIMUM_POLICY_ACTIONS } from './limits.ts';
import type { QueueAttributes } from './queue-attributes.ts';

interface Policy {
  readonly Version: string;
  readonly Id: string;
  readonly Statement: readonly { readonly Sid?: string }[];
}

const ACTIONS: readonly string[] = [
  '*',
  'SendMessage',
  'ReceiveMessage',
  'DeleteMessage',
  'ChangeMessageVisibility',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
];

/** The queue's policy with a statement for the request's label, accounts and actions. */
export function policyWithPermission(attributes: QueueAttributes, queueArn: string, input: Input): string {
  const label = requiredText(input, 'Label');
  const accounts = textList(input, 'AWSAccountIds');
  const actions = textList(input, 'Actions');
  if (accounts.length === 0) throw missingParameter('AWSAccountIds');
  if (actions.length === 0) throw missingParameter('Actions');
  if (!/^[\w-]{1,80}$/.test(label)) {
    throw invalidValue(
      'Label',
      label,
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
    );
  }
  if (actions.length > MAXIMUM_POLICY_ACTIONS) {
    throw overLimit(`${actions.length} Actions were found, maximum allowed is ${MAXIMUM_POLICY_ACTIONS}.`);
  }
  for (const action of actions) {
    if (!ACTIONS.includes(action)) {
      throw invalidValue(
        'ActionName',
        action,
        'Only the actions of this queue that AWS lets you share are allowed.',
      );
    }
  }
  for (const account of accounts) {
    if (!/^\d{12}$/.test(account)) {
      throw invalidValue('PrincipalId', `[${account}]`, 'Unable to verify.');
    }
  }
  const policy = parsePolicy(attributes, queueArn);
  if (policy.Statement.some((statement) => statement.Sid === label)) {
    throw invalidValue('Label', label, 'Already exists.');
  }
  const statement = {
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: oneOrMany(accounts.map((account) => `arn:aws:iam::${account}:root`)) },
    Action: oneOrMany(actions.map((action) => `SQS:${action}`)),
    Resource: queueArn,
  };
  return JSON.stringify({ ...policy, Statement: [...policy.Statement, statement] });
}

/** The queue's policy without the label's statement; empty when none is left. */
export function policyWithoutPermission(attributes: QueueAttributes, queueArn: string, input: Input): string {
  const label = requiredText(input, 'Label');
  const policy = parsePolicy(attributes, queueArn);
  const left = policy.Statement.filter((statement) => statement.Sid !== label);
  if (left.length === policy.Statement.length) {
    throw invalidValue('Label', label, "can't find label on existing policy.");
  }
  return left.length === 0 ? '' : JSON.stringify({ ...policy, Statement: left });
}

function parsePolicy(attributes: QueueAttributes, queueArn: string): Policy {
  const existing = attributes['Policy'];
  if (existing) return JSON.parse(existing) as Policy;
  return { Version: '2012-10-17', Id: `${queueArn}/SQSDefaultPolicy`, Statement: [] };
}

function oneOrMany(values: readonly string[]): string | readonly string[] {
  return values.length === 1 && values[0] !== undefined ? values[0] : values;
}
