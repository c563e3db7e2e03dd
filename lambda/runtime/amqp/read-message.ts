/** What a consumer reads: our envelopes, or what another system writes, made into envelopes. */
import type { Envelope } from '../../../lib/contracts/index.ts';
import { isContractError } from '../../../lib/contracts/index.ts';
import { contractsIn } from '../consumer/consumer-options.ts';
import type { DeadLetter } from '../consumer/handle-message.ts';
import { isPermanentError } from '../errors.ts';
import { describeError } from '../logger.ts';
import type { ContractIn, ContractOrContracts, SqsRecord } from '../types.ts';
import { recordOf } from './incoming-message.ts';
import type { IncomingMessage } from './incoming-message.ts';

/**
 * For messages that are not our envelopes.
 *
 * `toEnvelope` gives the event that the message means, with an eventId that is the same whenever the message comes
 * (see `deterministicEventId`); undefined for a message that is not for us, which is acknowledged and forgotten: the
 * echo of what we sent, for example. Throw `PermanentError` when it can't be read.
 */
export interface MappedContracts<Given extends ContractOrContracts = ContractOrContracts> {
  readonly contracts: Given;
  readonly toEnvelope: (message: IncomingMessage) => Envelope | undefined;
}

export type Readable = ContractOrContracts | MappedContracts;
export type ReadableContract<Given extends Readable> = Given extends { readonly toEnvelope: unknown }
  ? Given extends MappedContracts<infer Contracts>
    ? ContractIn<Contracts>
    : never
  : Given extends ContractOrContracts
    ? ContractIn<Given>
    : never;

/** To be handled, forgotten, or dead-lettered before any handler sees it. */
export type ReadMessage =
  | { readonly kind: 'record'; readonly record: SqsRecord }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'unreadable'; readonly letter: DeadLetter };

export function contractsOf<Given extends Readable>(given: Given): readonly ReadableContract<Given>[] {
  const readable: Readable = given;
  return contractsIn(
    isMapped(readable) ? readable.contracts : readable,
  ) as unknown as readonly ReadableContract<Given>[];
}

/** Never throws: a mapping that fails would fail again, so its message is a dead letter. */
export function readMessage(given: Readable, message: IncomingMessage): ReadMessage {
  if (!isMapped(given)) return { kind: 'record', record: recordOf(message) };
  try {
    const envelope = given.toEnvelope(message);
    if (envelope === undefined) return { kind: 'ignored' };
    return { kind: 'record', record: recordOf(message, JSON.stringify(envelope)) };
  } catch (error) {
    return { kind: 'unreadable', letter: unmappable(error) };
  }
}

/** A contract error names fields, never values. Of any other error only its name is kept. */
function unmappable(error: unknown): DeadLetter {
  if (isContractError(error)) return { reason: error.code, detail: error.message };
  if (isPermanentError(error)) return { reason: 'PERMANENT_ERROR', detail: error.code };
  return { reason: 'UNMAPPABLE', detail: describeError(error) };
}

function isMapped(given: ContractOrContracts | MappedContracts): given is MappedContracts {
  return 'toEnvelope' in given;
}
