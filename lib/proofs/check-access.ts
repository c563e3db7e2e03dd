/** Permissions as breaks: what is denied names the statement that is missing, what cannot be known says why. */
import { accessOf, pasteable } from '../access/index.ts';
import type { Access, Delivery } from '../access/index.ts';
import type { Messaging } from '../assembly/index.ts';
import type { Break } from './proof.ts';

/** Breaks of everything that the carrier of a hop has to be allowed. */
export function accessBreaks(messaging: Messaging, delivery: Delivery): readonly Break[] {
  return accessOf(messaging, delivery).flatMap(breakOf);
}

export function breakOf(access: Access): readonly Break[] {
  if (access.verdict === 'allowed') return [];
  const { action, resourceArn } = access.permission;
  if (access.verdict === 'unknown') {
    return [
      {
        code: 'WAYBILL_PROOF_UNKNOWN',
        resource: resourceArn,
        message: `it cannot be told whether ${action} is allowed: ${access.because}`,
        fix: 'bring what decides into the assembly, or prove it where it is',
      },
    ];
  }
  const { refusal } = access;
  return [
    {
      code: 'WAYBILL_PROOF_PERMISSION_MISSING',
      resource: refusal.owner?.constructPath ?? resourceArn,
      message: refusal.message,
      fix:
        refusal.statement === undefined
          ? refusal.explicit
            ? 'narrow or remove the statement that denies'
            : 'use a customer managed key, or a role'
          : `add to the ${refusal.policy}: ${pasteable(refusal.statement, refusal.owner?.stack)}`,
    },
  ];
}
