/** The consumers of the generation system. */
import {
  errorNotificationEvents,
  GenerationComplete,
  generationNotifierEvents,
  generationStartingEvents,
} from '../../catalog/index.ts';
import { QueueConsumer } from '../constructs/index.ts';
import type { QueueConsumerProps } from '../constructs/index.ts';
import { generationConfig } from '../config/index.ts';
import { pascalCase } from '../constructs/names.ts';
import { entryOf, STARTER_TIMEOUT } from './generation-stack.ts';
import type { GenerationStack } from './generation-stack.ts';
import { readSecret } from './signing-secret.ts';
import type { SystemStackProps } from './system-stack.ts';

/** Makes them in the stack itself: so few need no stacks of their own. */
export function createGenerationConsumers(
  generation: GenerationStack,
  { key, database }: SystemStackProps,
): void {
  const values = generationConfig(generation.config.name);
  const consumer = (name: string, more: Omit<QueueConsumerProps, 'entry'>) =>
    new QueueConsumer(generation, pascalCase(name), {
      consumerName: name,
      entry: entryOf(name),
      database,
      maxConcurrency: values.consumerConcurrency,
      logRetention: generation.logRetention,
      ...more,
    });
  const { grants: sealing } = generation.sealingKey;

  const starter = consumer('generation-starter', {
    subscribesTo: [generation.requests.events()],
    // Ends what the provider refuses.
    outbox: generation.relay,
    timeout: STARTER_TIMEOUT,
    environment: {
      GENERATION_PROVIDER: values.provider,
      CALLBACK_URL: `${generation.http.url}/callbacks/provider`,
      ...(values.providerUrl === undefined ? {} : { GENERATION_PROVIDER_URL: values.providerUrl }),
    },
  });
  sealing.open(starter, generationStartingEvents);
  sealing.seal(starter, [GenerationComplete]);
  // The provider gets it with an order, to sign its callbacks; the deterministic one signs them itself.
  readSecret(starter.handler, generation.callbackSecret, 'CALLBACK_SECRET_ARN');
  const notifier = consumer('generation-notifier', {
    subscribesTo: generationNotifierEvents.map((contract) => generation.complete.event(contract)),
    encryptionKey: key,
  });
  sealing.open(notifier, [GenerationComplete]);
  generation.push.letNotify(notifier);
  consumer('error-notifications', {
    subscribesTo: errorNotificationEvents.map((contract) => generation.errors.event(contract)),
    encryptionKey: key,
  });
}
