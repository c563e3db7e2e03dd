/** The part that every event of a GitHub webhook shares: who, where, and which delivery told us. */
import { flagIn, idIn, optionalIdIn, optionalTextIn, PayloadShapeError, textIn, valueIn } from './payload.ts';
import type { Payload } from './payload.ts';

/** One webhook: the name from `X-GitHub-Event`, the id from `X-GitHub-Delivery`, the parsed body. */
export interface GitHubWebhook {
  readonly name: string;
  readonly deliveryId: string;
  readonly payload: Payload;
  /** Bytes of the body as received. */
  readonly payloadBytes: number;
}

export interface Origin {
  readonly provider: 'github';
  readonly deliveryId: string;
  readonly subject: string;
  readonly change: string;
  readonly actor: { readonly id: string; readonly login: string } | null;
}

export interface RepositoryFact {
  readonly id: string;
  readonly fullName: string;
  readonly private: boolean;
}

/** As the catalogue has it: a subject becomes part of a message group id. */
const SUBJECT = /^[!-~]{1,60}$/;

/**
 * @param change - GitHub's `action`, or the word given where the event has none
 * @throws PayloadShapeError when an id of the payload makes no subject
 */
export function origin(webhook: GitHubWebhook, subject: string, change?: string): Origin {
  if (!SUBJECT.test(subject)) throw new PayloadShapeError('id', 'a short id');
  return {
    provider: 'github',
    deliveryId: webhook.deliveryId,
    subject,
    change: change ?? optionalTextIn(webhook.payload, 'action') ?? webhook.name,
    actor: actorOf(webhook.payload),
  };
}

/** @throws PayloadShapeError when the payload has no repository */
export function repositoryOf(payload: Payload): RepositoryFact {
  const repository = optionalRepositoryOf(payload);
  if (repository === null) throw new PayloadShapeError('repository', 'an object');
  return repository;
}

export function optionalRepositoryOf(payload: Payload): RepositoryFact | null {
  const repository = valueIn(payload, 'repository');
  return typeof repository === 'object' && repository !== null ? repositoryFact(repository as Payload) : null;
}

export function repositoryFact(repository: Payload): RepositoryFact {
  return {
    id: idIn(repository, 'id'),
    fullName: textIn(repository, 'full_name'),
    private: flagIn(repository, 'private'),
  };
}

/** The subject of what concerns a repository as a whole, an organisation, or just the person who acted. */
export function widestSubjectOf(payload: Payload): string {
  const repositoryId = optionalIdIn(payload, 'repository.id');
  if (repositoryId !== null) return `repository:${repositoryId}`;
  const organizationId = optionalIdIn(payload, 'organization.id');
  if (organizationId !== null) return `organization:${organizationId}`;
  return `user:${idIn(payload, 'sender.id')}`;
}

function actorOf(payload: Payload): Origin['actor'] {
  const id = optionalIdIn(payload, 'sender.id');
  const login = optionalTextIn(payload, 'sender.login');
  return id === null || login === null ? null : { id, login };
}
