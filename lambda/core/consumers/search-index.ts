/** What a tenant can search for: the titles of its projects, issues, pull requests, discussions and releases. */
import type { searchableEvents } from '../../../catalog/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { handleOnce } from '../handle-once.ts';
import { hasRows } from '../../service/unit-of-work.ts';
import type { Service, Transaction } from '../../service/unit-of-work.ts';

type SearchableEvent = EnvelopeOf<(typeof searchableEvents)[number]>;

interface SearchDocument {
  readonly documentId: string;
  readonly kind: string;
  /** Null: it is no longer to be found. */
  readonly title: string | null;
  readonly state: string | null;
  /** What is older than the indexed version is left out: a third party does not keep its order. */
  readonly versionAt: string;
}

/** GitHub's words for what takes a thing away from a repository. */
const REMOVING: ReadonlySet<string> = new Set(['deleted', 'transferred', 'unpublished']);

export async function indexForSearch(core: Service, event: SearchableEvent): Promise<void> {
  await handleOnce(core, 'search-index', event, async (tx) => {
    const document = documentOf(event);
    return { document_id: document.documentId, outcome: await store(tx, event.tenantId, document) };
  });
}

/** Pure: what an event says about one document. */
function documentOf(event: SearchableEvent): SearchDocument {
  switch (event.eventType) {
    case 'ProjectCreated':
    case 'ProjectRenamed':
      return project(event.data.projectId, event.data.name, event.timestamp);
    case 'ProjectArchived':
      return project(event.data.projectId, null, event.timestamp);
    case 'IssueChanged':
      return fromThirdParty('issue', event.data, event.data.updatedAt, event.data.state);
    case 'PullRequestChanged':
      return fromThirdParty('pull-request', event.data, event.data.updatedAt, event.data.state);
    case 'DiscussionChanged':
      return fromThirdParty('discussion', event.data, event.data.updatedAt, event.data.state);
    case 'ReleaseChanged':
    default:
      return fromThirdParty(
        event.data.kind,
        { ...event.data, title: event.data.name },
        event.data.updatedAt ?? event.timestamp,
        null,
      );
  }
}

function project(projectId: string, title: string | null, versionAt: string): SearchDocument {
  return { documentId: `project:${projectId}`, kind: 'project', title, state: null, versionAt };
}

function fromThirdParty(
  kind: string,
  data: { readonly subject: string; readonly change: string; readonly title: string },
  versionAt: string,
  state: string | null,
): SearchDocument {
  const title = REMOVING.has(data.change) ? null : data.title;
  return { documentId: data.subject, kind, title, state, versionAt };
}

async function store(
  tx: Transaction,
  tenantId: string,
  document: SearchDocument,
): Promise<'indexed' | 'removed' | 'older'> {
  if (document.title === null) {
    const removed = await hasRows(
      tx,
      `delete from search_document where tenant_id = $1 and document_id = $2 and version_at <= $3
       returning document_id`,
      [tenantId, document.documentId, document.versionAt],
    );
    return removed ? 'removed' : 'older';
  }
  const stored = await hasRows(
    tx,
    `insert into search_document (tenant_id, document_id, kind, title, state, version_at)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant_id, document_id) do update
       set title = excluded.title, state = excluded.state, version_at = excluded.version_at
     where search_document.version_at <= excluded.version_at
     returning document_id`,
    [tenantId, document.documentId, document.kind, document.title, document.state, document.versionAt],
  );
  return stored ? 'indexed' : 'older';
}
