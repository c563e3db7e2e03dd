/** The business rows a webhook changes: repositories, and the issues, pull requests and discussions in them. */
import type { Envelope } from '../../../../lib/contracts/index.ts';
import type { Transaction } from '../../../service/unit-of-work.ts';
import type { RepositoryFact } from './origin.ts';

interface WorkItem {
  readonly kind: 'issue' | 'pull-request' | 'discussion';
  readonly itemId: string;
  readonly number: number;
  readonly title: string;
  readonly state: string;
  readonly updatedAt: string;
}

/** Rows are written in the order of their keys, so that two webhooks of a tenant can't deadlock. */
export async function storeFacts(
  tx: Transaction,
  tenantId: string,
  envelopes: readonly Envelope[],
): Promise<void> {
  const facts = envelopes
    .map(factsOf)
    .toSorted((a, b) => (a.repository?.id ?? '').localeCompare(b.repository?.id ?? ''));
  for (const { repository, connected, workItem } of facts) {
    if (repository === null) continue;
    await storeRepository(tx, tenantId, repository, connected);
    if (workItem !== null) await storeWorkItem(tx, tenantId, repository.id, workItem);
  }
}

interface Facts {
  readonly repository: RepositoryFact | null;
  /** null where the event does not say. */
  readonly connected: boolean | null;
  readonly workItem: WorkItem | null;
}

function factsOf(envelope: Envelope): Facts {
  const data = envelope.data as { readonly repository?: RepositoryFact | null };
  return {
    repository: data.repository ?? null,
    connected: CONNECTED.get(envelope.eventType) ?? null,
    workItem: workItemOf(envelope),
  };
}

const CONNECTED: ReadonlyMap<string, boolean> = new Map([
  ['RepositoryConnected', true],
  ['RepositoryDisconnected', false],
]);

const ITEM_IDS: ReadonlyMap<string, readonly [WorkItem['kind'], string]> = new Map([
  ['IssueChanged', ['issue', 'issueId']],
  ['PullRequestChanged', ['pull-request', 'pullRequestId']],
  ['DiscussionChanged', ['discussion', 'discussionId']],
]);

function workItemOf(envelope: Envelope): WorkItem | null {
  const named = ITEM_IDS.get(envelope.eventType);
  if (named === undefined) return null;
  const [kind, idField] = named;
  const data = envelope.data as Omit<WorkItem, 'kind' | 'itemId'> & Readonly<Record<string, unknown>>;
  return {
    kind,
    itemId: String(data[idField]),
    number: data.number,
    title: data.title,
    state: data.state,
    updatedAt: data.updatedAt,
  };
}

async function storeRepository(
  tx: Transaction,
  tenantId: string,
  repository: RepositoryFact,
  connected: boolean | null,
): Promise<void> {
  await tx.query(
    `insert into repository (tenant_id, provider, repository_id, full_name, private, connected)
     values ($1, 'github', $2, $3, $4, $5)
     on conflict (tenant_id, provider, repository_id) do update
       set full_name = excluded.full_name, private = excluded.private, last_webhook_at = now(),
           connected = coalesce(excluded.connected, repository.connected)`,
    [tenantId, repository.id, repository.fullName, repository.private, connected],
  );
}

/** GitHub does not keep its deliveries in order: an older state never replaces a newer one. */
async function storeWorkItem(
  tx: Transaction,
  tenantId: string,
  repositoryId: string,
  item: WorkItem,
): Promise<void> {
  await tx.query(
    `insert into work_item (tenant_id, kind, item_id, repository_id, number, title, state, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (tenant_id, kind, item_id) do update
       set title = excluded.title, state = excluded.state, repository_id = excluded.repository_id,
           number = excluded.number, updated_at = excluded.updated_at
     where work_item.updated_at <= excluded.updated_at`,
    [tenantId, item.kind, item.itemId, repositoryId, item.number, item.title, item.state, item.updatedAt],
  );
}
