/** One event made from a webhook, its data checked by the compiler against its contract. */
import type { AnyEventContract, InputOf } from '../../../../lib/contracts/index.ts';
import type { GitHubWebhook } from './origin.ts';

export interface MappedEvent {
  readonly contract: AnyEventContract;
  readonly data: unknown;
}

/** What one GitHub event means. May throw PayloadShapeError. */
export type WebhookMapper = (webhook: GitHubWebhook) => readonly MappedEvent[];

export function mapped<Contract extends AnyEventContract>(
  contract: Contract,
  data: InputOf<Contract>,
): MappedEvent {
  return { contract, data };
}
