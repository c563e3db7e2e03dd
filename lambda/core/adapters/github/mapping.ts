/**
 * From a GitHub webhook to our events. The table names every GitHub event that has a meaning here; the rest,
 * and payloads that lack what their event promises, become `WebhookReceived`, so that nothing genuine is lost.
 * Source: https://docs.github.com/webhooks/webhook-events-and-payloads
 */
import { WebhookReceived } from '../../../../catalog/index.ts';
import { accountMappers } from './map-accounts.ts';
import { buildMappers } from './map-builds.ts';
import { codeMappers } from './map-code.ts';
import { planningMappers } from './map-planning.ts';
import { mapped } from './mapped.ts';
import type { MappedEvent, WebhookMapper } from './mapped.ts';
import { optionalRepositoryOf, origin } from './origin.ts';
import type { GitHubWebhook } from './origin.ts';
import { optionalTextIn, PayloadShapeError } from './payload.ts';

export interface Mapping {
  readonly events: readonly MappedEvent[];
  /** Why the webhook became `WebhookReceived`; absent when it was understood. */
  readonly unmapped?: { readonly reason: string };
}

const MAPPERS: ReadonlyMap<string, WebhookMapper> = new Map(
  Object.entries({ ...codeMappers, ...planningMappers, ...buildMappers, ...accountMappers }),
);

/** At least one event for every webhook. Never throws for what a payload holds or lacks. */
export function mapWebhook(webhook: GitHubWebhook): Mapping {
  const mapper = MAPPERS.get(webhook.name);
  if (mapper === undefined) return unmapped(webhook, `no mapping for '${webhook.name}'`);
  try {
    return { events: mapper(webhook) };
  } catch (error) {
    if (error instanceof PayloadShapeError) return unmapped(webhook, error.message);
    throw error;
  }
}

function unmapped(webhook: GitHubWebhook, reason: string): Mapping {
  const event = mapped(WebhookReceived, {
    ...origin(
      webhook,
      `webhook:${webhook.name}`.slice(0, 60),
      optionalTextIn(webhook.payload, 'action') ?? 'received',
    ),
    repository: repositoryOrNull(webhook),
    webhookEvent: webhook.name,
    payloadBytes: webhook.payloadBytes,
  });
  return { events: [event], unmapped: { reason } };
}

function repositoryOrNull(webhook: GitHubWebhook): ReturnType<typeof optionalRepositoryOf> {
  try {
    return optionalRepositoryOf(webhook.payload);
  } catch {
    return null;
  }
}
