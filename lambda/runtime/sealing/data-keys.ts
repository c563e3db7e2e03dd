/**
 * Data keys of tenants, from KMS, bound to tenant and event type by the encryption context. KMS is called by hand:
 * two calls are not worth its client in the bundle of every function.
 */
import { callAws } from '../aws/signed-call.ts';
import type { Environment } from '../environment.ts';
import { requiredVariable } from '../environment.ts';
import { SealingError } from './errors.ts';

/** What a data key is bound to: KMS opens it for nothing else, and policies name it. */
export interface DataKeyContext {
  readonly tenantId: string;
  readonly eventType: string;
}

export interface DataKey {
  /** 32 bytes. */
  readonly plaintext: Buffer;
  /** The key as KMS wrapped it, base64. Travels with the event. */
  readonly wrapped: string;
}

export interface DataKeys {
  /** The key to seal with now. */
  current(context: DataKeyContext): Promise<DataKey>;
  /** @returns the 32 bytes of a wrapped key */
  unwrap(wrapped: string, context: DataKeyContext): Promise<Buffer>;
}

export interface KmsDataKeysProps {
  /**
   * The ARN of the customer key.
   * @default - WAYBILL_SEALING_KEY_ARN, which SealingKey's grants set
   */
  readonly keyArn?: string;
  /**
   * Seconds that one data key seals for. Longer costs less; a shorter time limits what one key protects.
   * @default 300
   */
  readonly reuseSeconds?: number;
  /** @default process.env */
  readonly environment?: Environment;
  /** For tests. @default - the system's */
  readonly now?: () => number;
}

const DEFAULT_REUSE_SECONDS = 300;
/** Tenants times event types that one process keeps keys of; the oldest goes first. */
const KEPT_KEYS = 2_000;

export function kmsDataKeys(props: KmsDataKeysProps = {}): DataKeys {
  const environment = props.environment ?? process.env;
  const now = props.now ?? Date.now;
  const reuse = (props.reuseSeconds ?? DEFAULT_REUSE_SECONDS) * 1000;
  const sealing = new Map<string, { readonly key: Promise<DataKey>; readonly until: number }>();
  const opened = new Map<string, Promise<Buffer>>();
  const refuseUnlisted = (variable: 'WAYBILL_SEALS' | 'WAYBILL_OPENS', eventType: string): void => {
    const listed = environment[variable];
    if (listed === undefined || listed.split(',').includes(eventType)) return;
    throw new SealingError(
      'WAYBILL_SEALING_NOT_GRANTED',
      `${variable} lists ${listed}, not ${eventType}: add the event to sealingKey.grants.${variable === 'WAYBILL_SEALS' ? 'seal' : 'open'}() of this function`,
    );
  };
  const keyArn = (): string => props.keyArn ?? requiredVariable(environment, 'WAYBILL_SEALING_KEY_ARN');

  const generate = async (context: DataKeyContext): Promise<DataKey> => {
    const answer = await callKms(environment, keyArn(), 'GenerateDataKey', {
      KeyId: keyArn(),
      KeySpec: 'AES_256',
      EncryptionContext: context,
    });
    return { plaintext: Buffer.from(answer.Plaintext, 'base64'), wrapped: answer.CiphertextBlob ?? '' };
  };

  return {
    async current({ tenantId, eventType }) {
      refuseUnlisted('WAYBILL_SEALS', eventType);
      const name = `${tenantId} ${eventType}`;
      const kept = sealing.get(name);
      if (kept !== undefined && kept.until > now()) return kept.key;
      sealing.delete(name);
      return keep(sealing, name, {
        key: forgettingFailure(sealing, name, generate({ tenantId, eventType })),
        until: now() + reuse,
      }).key;
    },
    async unwrap(wrapped, { tenantId, eventType }) {
      refuseUnlisted('WAYBILL_OPENS', eventType);
      const name = `${tenantId} ${eventType} ${wrapped}`;
      const kept = opened.get(name);
      if (kept !== undefined) return kept;
      // The key's ARN keeps a wrapped key of somebody else's KMS key from being opened in our name.
      const key = callKms(environment, keyArn(), 'Decrypt', {
        KeyId: keyArn(),
        CiphertextBlob: wrapped,
        EncryptionContext: { tenantId, eventType },
      }).then(({ Plaintext }) => Buffer.from(Plaintext, 'base64'));
      return keep(opened, name, forgettingFailure(opened, name, key));
    },
  };
}

function keep<Value>(map: Map<string, Value>, name: string, value: Value): Value {
  if (map.size >= KEPT_KEYS) map.delete(map.keys().next().value!);
  map.set(name, value);
  return value;
}

function forgettingFailure<Result>(
  map: Map<string, unknown>,
  name: string,
  made: Promise<Result>,
): Promise<Result> {
  made.catch(() => map.delete(name));
  return made;
}

interface KmsAnswer {
  readonly Plaintext: string;
  readonly CiphertextBlob?: string;
}

type KmsAction = 'GenerateDataKey' | 'Decrypt';

/** Source: kms/latest/APIReference/API_GenerateDataKey.html, API_Decrypt.html. */
async function callKms(
  environment: Environment,
  keyArn: string,
  action: KmsAction,
  input: object,
): Promise<KmsAnswer> {
  const [, partition = 'aws', , region] = keyArn.split(':');
  try {
    const answer = await callAws(environment, {
      endpoint: 'KMS',
      service: 'kms',
      region: region || (environment['AWS_REGION'] ?? 'us-east-1'),
      partition,
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}` },
      body: JSON.stringify(input),
    });
    return answer as KmsAnswer;
  } catch (cause) {
    const grant = action === 'Decrypt' ? 'open' : 'seal';
    throw new SealingError(
      'WAYBILL_SEALING_KEY_UNUSABLE',
      `kms:${action} with ${keyArn} failed (${cause instanceof Error ? cause.name : 'unknown'}): give the function sealingKey.grants.${grant}(), and check the way to KMS (an interface endpoint in a VPC)`,
      { cause },
    );
  }
}
