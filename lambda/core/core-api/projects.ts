/** Projects: opened, renamed, archived, and found again through the search index. */
import { ProjectArchived, ProjectCreated, ProjectRenamed } from '../../../catalog/index.ts';
import { uuidv7 } from '../../../lib/contracts/index.ts';
import { Problem } from '../../http/problem.ts';
import type { Caller } from '../../http/request.ts';
import { notFound } from '../../http/request.ts';
import { hasRows, rowsOf, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service, Transaction } from '../../service/unit-of-work.ts';

/** What a tenant may have before its plan is known here. */
const PROJECTS_WITHOUT_PLAN = 3;
const SEARCH_RESULTS = 20;

export interface ProjectCommand {
  readonly name: string;
}

/** @throws Problem 402 when the plan allows no more projects, 403 when the tenant is suspended */
export async function createProject(
  core: Service,
  caller: Caller,
  command: ProjectCommand,
): Promise<{ readonly projectId: string }> {
  const projectId = `prj_${uuidv7()}`;
  return unitOfWork(core, async (tx, emit) => {
    await allowAnotherProject(tx, caller);
    await tx.query(`insert into project (tenant_id, project_id, name, created_by) values ($1, $2, $3, $4)`, [
      caller.tenantId,
      projectId,
      command.name,
      caller.userId,
    ]);
    emit(ProjectCreated, {
      tenantId: caller.tenantId,
      data: { projectId, name: command.name, createdBy: caller.userId },
    });
    return { projectId };
  });
}

/** @throws Problem 404 */
export async function renameProject(
  core: Service,
  caller: Caller,
  projectId: string,
  command: ProjectCommand,
): Promise<void> {
  await unitOfWork(core, async (tx, emit) => {
    const changed = await hasRows(
      tx,
      `update project set name = $3
        where tenant_id = $1 and project_id = $2 and archived_at is null returning project_id`,
      [caller.tenantId, projectId, command.name],
    );
    if (!changed) throw noProject();
    emit(ProjectRenamed, {
      tenantId: caller.tenantId,
      data: { projectId, name: command.name, renamedBy: caller.userId },
    });
  });
}

/** @throws Problem 404 */
export async function archiveProject(core: Service, caller: Caller, projectId: string): Promise<void> {
  await unitOfWork(core, async (tx, emit) => {
    const changed = await hasRows(
      tx,
      `update project set archived_at = now()
        where tenant_id = $1 and project_id = $2 and archived_at is null returning project_id`,
      [caller.tenantId, projectId],
    );
    if (!changed) throw noProject();
    emit(ProjectArchived, { tenantId: caller.tenantId, data: { projectId, archivedBy: caller.userId } });
  });
}

export interface SearchResult {
  readonly documentId: string;
  readonly kind: string;
  readonly title: string;
  readonly state: string | null;
}

/** Projects, issues, pull requests, discussions and releases whose title has all the words. */
export async function search(core: Service, caller: Caller, words: string): Promise<readonly SearchResult[]> {
  return rowsOf<SearchResult>(
    core.database,
    `select document_id as "documentId", kind, title, state
       from search_document
      where tenant_id = $1 and words @@ plainto_tsquery('simple', $2)
      order by ts_rank(words, plainto_tsquery('simple', $2)) desc, document_id
      limit ${SEARCH_RESULTS}`,
    [caller.tenantId, words],
  );
}

/** The tenant's row is locked, so that two requests at once can't both take the last place. */
async function allowAnotherProject(tx: Transaction, caller: Caller): Promise<void> {
  await tx.query(`select 1 from tenant where tenant_id = $1 for update`, [caller.tenantId]);
  const [row] = await rowsOf<{
    readonly used: string;
    readonly allowed: number | null;
    readonly suspended: boolean | null;
  }>(
    tx,
    `select (select count(*) from project where tenant_id = $1 and archived_at is null) as used,
            (select (entitlements->>'projects')::int from entitlement where tenant_id = $1) as allowed,
            (select suspended from entitlement where tenant_id = $1) as suspended`,
    [caller.tenantId],
  );
  if (row?.suspended === true) {
    throw new Problem({
      status: 403,
      code: 'WAYBILL_TENANT_SUSPENDED',
      title: 'The tenant is suspended',
      detail: 'Nothing can be added until it is reactivated.',
    });
  }
  const allowed = row?.allowed ?? PROJECTS_WITHOUT_PLAN;
  if (Number(row?.used ?? 0) >= allowed) {
    throw new Problem({
      status: 402,
      code: 'WAYBILL_PLAN_EXHAUSTED',
      title: 'The plan allows no more projects',
      detail: `The plan has ${allowed} projects. Archive one, or change the plan.`,
    });
  }
}

function noProject(): Problem {
  return notFound('You have no open project with this id.');
}
