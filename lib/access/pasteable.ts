/** Statements as texts that somebody may paste: nothing in them stands for an account or Region that nobody has given. */
import { UNKNOWN_PLACE } from '../assembly/index.ts';
import type { AssemblyStack } from '../assembly/index.ts';

/**
 * The statement as JSON, for a policy of that stack. Where the stack does not say where it is, the account and Region
 * that are assumed of it become `${AWS::AccountId}` and `${AWS::Region}`, with a word on how CloudFormation reads them.
 */
export function pasteable(statement: object, stack: Pick<AssemblyStack, 'isPlaced'> | undefined): string {
  const text = JSON.stringify(statement);
  if (stack === undefined || stack.isPlaced) return text;
  const replaced = text
    .replaceAll(ASSUMED_PLACE, '$1${AWS::Region}:${AWS::AccountId}')
    .replaceAll(ASSUMED_ACCOUNT, '${AWS::AccountId}');
  return replaced === text ? text : `${replaced} with Fn::Sub`;
}

/** The Region only next to the account: elsewhere it may be one that was meant. */
const ASSUMED_PLACE = new RegExp(
  `(arn:[\\w-]+:[\\w-]+:)${UNKNOWN_PLACE.region}:${UNKNOWN_PLACE.accountId}(?!\\d)`,
  'g',
);
const ASSUMED_ACCOUNT = new RegExp(`(?<!\\d)${UNKNOWN_PLACE.accountId}(?!\\d)`, 'g');
