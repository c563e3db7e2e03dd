/** The provider that the environment's configuration names. */
import { RuntimeError } from '../../runtime/errors.ts';
import { setting } from '../../service/setting.ts';
import { callbackSecrets } from '../provider-secret.ts';
import { deterministicProvider } from './deterministic-provider.ts';
import { httpProvider } from './http-provider.ts';
import type { ImageProvider } from './image-provider.ts';

let made: ImageProvider | undefined;

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID */
export function imageProvider(): ImageProvider {
  made ??= makeProvider(setting('GENERATION_PROVIDER'));
  return made;
}

function makeProvider(name: string): ImageProvider {
  const callbackUrl = setting('CALLBACK_URL');
  const kept = callbackSecrets();
  // Read again each minute, so that a changed secret is used soon.
  const secrets = () => kept.fresh();
  if (name === 'deterministic') return deterministicProvider({ callbackUrl, secrets });
  if (name === 'http') return httpProvider({ url: setting('GENERATION_PROVIDER_URL'), callbackUrl, secrets });
  throw new RuntimeError(
    'WAYBILL_ENVIRONMENT_INVALID',
    `environment variable GENERATION_PROVIDER must be deterministic or http, received '${name}'`,
  );
}
