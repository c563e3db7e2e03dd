/** The secrets that callbacks are signed with, read again when a signature is wrong: the secret may have been changed. */
import { readSigningSecrets } from '../service/signing-secret.ts';

export interface CallbackSecrets {
  /** Those that are known. @throws SigningSecretError */
  known(): Promise<readonly string[]>;
  /**
   * Those of now; the known ones where they were read a short time ago, so that strangers cause no calls of Secrets
   * Manager.
   */
  fresh(): Promise<readonly string[]>;
}

/** Milliseconds. */
const REFRESH_INTERVAL = 60_000;

export interface CallbackSecretsProps {
  readonly read?: () => Promise<readonly string[]>;
  readonly now?: () => number;
}

export function callbackSecrets({
  read = () => readSigningSecrets('CALLBACK_SECRET_ARN'),
  now = Date.now,
}: CallbackSecretsProps = {}): CallbackSecrets {
  let kept: { readonly secrets: readonly string[]; readonly readAt: number } | undefined;
  const readNow = async (): Promise<readonly string[]> => {
    kept = { secrets: await read(), readAt: now() };
    return kept.secrets;
  };
  return {
    known: async () => kept?.secrets ?? readNow(),
    fresh: async () =>
      kept !== undefined && now() - kept.readAt < REFRESH_INTERVAL ? kept.secrets : readNow(),
  };
}
