/** The actions on grants. kms/latest/developerguide/grants.html */
import { requiredText, type JsonInput } from '../json-input.ts';
import { listed, truncation, type Action } from './action.ts';
import type { Grants } from './grants.ts';
import type { Keys } from './keys.ts';

export function grantActions(keys: Keys, grants: Grants): Readonly<Record<string, Action>> {
  const keyOf = (input: JsonInput) => keys.usable(requiredText(input, 'KeyId'));
  const shown = (input: JsonInput, all: readonly JsonInput[]): JsonInput => {
    const { items, nextToken } = listed(input, all);
    return { Grants: items, ...truncation(nextToken) };
  };
  return {
    CreateGrant: (input) => grants.create(keyOf(input).arn, input),
    ListGrants: (input) => shown(input, grants.list(keyOf(input).arn, input)),
    ListRetirableGrants: (input) =>
      shown(input, grants.retirableBy(requiredText(input, 'RetiringPrincipal'))),
    RevokeGrant: (input) => grants.revoke(keyOf(input).arn, requiredText(input, 'GrantId')),
    RetireGrant: (input) => grants.retire(input),
  };
}
