import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  BuildChanged,
  CodePushed,
  EntitlementsChanged,
  coreEvents,
  InstallationChanged,
  IssueChanged,
  ProjectArchived,
  ProjectCreated,
  PullRequestChanged,
  TenantReactivated,
  TenantRegistered,
  TenantSuspended,
} from '../../../../catalog/index.ts';
import { recordInAuditTrail } from '../../../../lambda/core/consumers/audit-trail.ts';
import { measureDelivery } from '../../../../lambda/core/consumers/delivery-insights.ts';
import { cacheEntitlements } from '../../../../lambda/core/consumers/entitlement-cache.ts';
import { registerIntegration } from '../../../../lambda/core/consumers/integration-registry.ts';
import { indexForSearch } from '../../../../lambda/core/consumers/search-index.ts';
import { provisionTenant } from '../../../../lambda/core/consumers/tenant-provisioning.ts';
import { meterUsage } from '../../../../lambda/core/consumers/usage-metering.ts';
import { search } from '../../../../lambda/core/core-api/projects.ts';
import { handleOnce } from '../../../../lambda/core/handle-once.ts';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { ADMIN, coreUnderTest, eventOf } from '../core-under-test.ts';
import type { CoreUnderTest } from '../core-under-test.ts';

const database = useDatabase();
let core: CoreUnderTest;
beforeAll(async () => {
  core = await coreUnderTest(database().pool);
});
beforeEach(async () => {
  await core.rows(`truncate tenant, workspace, audit_entry, usage_record, usage_per_day, search_indexing,
    search_document, tenant_provisioning, delivered_webhook, entitlement_update, entitlement,
    integration_update, integration, insight_record, delivery_insight, event_outbox, event_inbox`);
});

async function effects(consumer: string): Promise<number> {
  const [row] = await core.rows<{ count: string }>(
    'select count(*) from consumer_effect where consumer = $1',
    consumer,
  );
  return Number(row?.count);
}

function issue(change: string, title: string, updatedAt: string) {
  const example = IssueChanged.examples[0]!;
  return eventOf(IssueChanged, { ...example, change, title, updatedAt });
}

describe('D9 an effect happens once per event and consumer', () => {
  test('when the event comes again, and when it comes eight times at once', async () => {
    const event = eventOf(CodePushed, CodePushed.examples[0]!);

    await meterUsage(core, event);
    await meterUsage(core, event);
    await Promise.all(Array.from({ length: 8 }, () => meterUsage(core, event)));

    expect(await effects('usage-metering')).toBe(1);
    expect(await core.rows('select quantity from usage_per_day')).toEqual([{ quantity: '1' }]);
  });

  test('another consumer of the same event is not held up by it', async () => {
    const event = eventOf(CodePushed, CodePushed.examples[0]!);

    await meterUsage(core, event);
    await recordInAuditTrail(core, event);

    expect(await effects('audit-trail')).toBe(1);
  });

  test('a handler that throws leaves neither inbox row, nor effect, nor event, and may try again', async () => {
    const event = eventOf(TenantRegistered, TenantRegistered.examples[0]!);
    const failing = handleOnce(core, 'tenant-provisioning', event, async (_tx, emit) => {
      emit(TenantReactivated, { tenantId: 'tenant-1', causedBy: event, data: { sequence: 1 } });
      throw new Error('after the event was made');
    });

    await expect(failing).rejects.toThrow('after the event was made');
    expect(await core.rows('select 1 from event_inbox')).toEqual([]);
    expect(await core.outbox()).toEqual([]);

    await handleOnce(core, 'tenant-provisioning', event, async () => ({ workspace_id: 'w' }));
    expect(await effects('tenant-provisioning')).toBe(1);
  });

  test('the view shows a double effect, which no constraint hides', async () => {
    const event = eventOf(CodePushed, CodePushed.examples[0]!);
    const withoutInbox = { ...core, processOnce: async () => true };

    await recordInAuditTrail(withoutInbox, event);
    await recordInAuditTrail(withoutInbox, event);

    expect(await effects('audit-trail')).toBe(2);
    expect(
      await core.rows('select ordering_key, tenant_id, event_created_at from consumer_effect limit 1'),
    ).toEqual([
      {
        ordering_key: 'tenant-1#repository:186853002',
        tenant_id: 'tenant-1',
        event_created_at: new Date(event.timestamp),
      },
    ]);
  });
});

describe('audit-trail', () => {
  test('takes every event of the catalogue', async () => {
    for (const contract of coreEvents) {
      await recordInAuditTrail(core, eventOf(contract, contract.examples[0] as never) as Envelope);
    }

    expect(await effects('audit-trail')).toBe(coreEvents.length);
  });

  test('keeps no personal data', async () => {
    const event = eventOf(TenantRegistered, { name: 'A', plan: 'free', contactEmail: 'ada@example.com' });

    await recordInAuditTrail(core, event);

    expect(JSON.stringify(await core.rows('select * from audit_entry'))).not.toContain('ada@example.com');
  });
});

describe('usage-metering', () => {
  test("counts by tenant, by the event's own day in UTC, and by meter", async () => {
    const push = CodePushed.examples[0]!;
    const lateEvening = new Date('2026-03-01T23:59:59.999Z');
    await meterUsage(core, eventOf(CodePushed, push, { timestamp: lateEvening }));
    await meterUsage(core, eventOf(CodePushed, push, { timestamp: lateEvening }));
    await meterUsage(core, eventOf(CodePushed, push, { timestamp: new Date('2026-03-02T00:00:00Z') }));
    await meterUsage(core, eventOf(CodePushed, push, { timestamp: lateEvening, tenantId: 'tenant-2' }));
    await meterUsage(core, eventOf(ProjectCreated, ProjectCreated.examples[0]!, { timestamp: lateEvening }));

    expect(
      await core.rows('select tenant_id, day::text, meter, quantity from usage_per_day order by 1, 2, 3'),
    ).toEqual([
      { tenant_id: 'tenant-1', day: '2026-03-01', meter: 'commands', quantity: '1' },
      { tenant_id: 'tenant-1', day: '2026-03-01', meter: 'pushes', quantity: '2' },
      { tenant_id: 'tenant-1', day: '2026-03-02', meter: 'pushes', quantity: '1' },
      { tenant_id: 'tenant-2', day: '2026-03-01', meter: 'pushes', quantity: '1' },
    ]);
  });
});

describe('search-index', () => {
  test('finds what was indexed, for its own tenant only', async () => {
    await indexForSearch(core, issue('opened', 'Spelling error in the README', '2026-01-01T00:00:00Z'));

    expect(await search(core, ADMIN, 'readme spelling')).toEqual([
      { documentId: 'issue:444500041', kind: 'issue', title: 'Spelling error in the README', state: 'open' },
    ]);
    expect(await search(core, { ...ADMIN, tenantId: 'tenant-2' }, 'readme')).toEqual([]);
    expect(await search(core, ADMIN, 'nothing of the kind')).toEqual([]);
  });

  test('an older version never replaces a newer one', async () => {
    await indexForSearch(core, issue('edited', 'New title', '2026-01-02T00:00:00Z'));
    await indexForSearch(core, issue('opened', 'Old title', '2026-01-01T00:00:00Z'));

    expect(await search(core, ADMIN, 'title')).toMatchObject([{ title: 'New title' }]);
    expect(await core.rows('select outcome from search_indexing order by position')).toEqual([
      { outcome: 'indexed' },
      { outcome: 'older' },
    ]);
  });

  test('what was deleted or archived is not found', async () => {
    await indexForSearch(core, issue('opened', 'A title', '2026-01-01T00:00:00Z'));
    await indexForSearch(core, issue('deleted', 'A title', '2026-01-02T00:00:00Z'));
    await indexForSearch(core, eventOf(ProjectCreated, { projectId: 'p', name: 'A title', createdBy: 'u' }));
    await indexForSearch(core, eventOf(ProjectArchived, { projectId: 'p', archivedBy: 'u' }));

    expect(await search(core, ADMIN, 'title')).toEqual([]);
  });
});

describe('tenant-provisioning', () => {
  test('sets up the tenant and tells so, caused by the registration', async () => {
    await core.rows(`insert into tenant (tenant_id, name, plan, contact_email)
                     values ('tenant-1', 'A', 'team', 'ada@example.com')`);
    const event = eventOf(TenantRegistered, TenantRegistered.examples[0]!);

    await provisionTenant(core, event);

    expect(await core.rows('select status from tenant')).toEqual([{ status: 'active' }]);
    expect(await core.outbox()).toEqual(['TenantProvisioned', 'EntitlementsChanged']);
    const [row] = await core.rows<{ event_data: Envelope }>('select event_data from event_outbox');
    expect(row?.event_data).toMatchObject({
      causationId: event.eventId,
      correlationId: event.correlationId,
      metadata: { hopCount: 1 },
    });
  });

  test('a tenant that nobody registered can never be provisioned: dead-lettered at once', async () => {
    const event = eventOf(TenantRegistered, TenantRegistered.examples[0]!);

    await expect(provisionTenant(core, event)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'TENANT_UNKNOWN',
    });
    expect(await effects('tenant-provisioning')).toBe(0);
  });
});

describe('entitlement-cache', () => {
  const changed = (sequence: number, plan: 'free' | 'premium') =>
    eventOf(EntitlementsChanged, { ...EntitlementsChanged.examples[0]!, sequence, plan });

  test('the highest sequence wins, whatever comes last', async () => {
    await cacheEntitlements(core, changed(2, 'premium'));
    await cacheEntitlements(core, changed(1, 'free'));

    expect(await core.rows('select sequence, plan from entitlement')).toEqual([
      { sequence: 2, plan: 'premium' },
    ]);
    expect(await core.rows('select outcome from entitlement_update order by position')).toEqual([
      { outcome: 'applied' },
      { outcome: 'older' },
    ]);
  });

  test('a suspension keeps the plan, a change of plan keeps the suspension', async () => {
    await cacheEntitlements(core, changed(1, 'free'));
    await cacheEntitlements(core, eventOf(TenantSuspended, { sequence: 2, reason: 'unpaid' }));
    await cacheEntitlements(core, changed(3, 'premium'));
    expect(await core.rows('select plan, suspended from entitlement')).toEqual([
      { plan: 'premium', suspended: true },
    ]);

    await cacheEntitlements(core, eventOf(TenantReactivated, { sequence: 4 }));
    expect(await core.rows('select plan, suspended from entitlement')).toEqual([
      { plan: 'premium', suspended: false },
    ]);
  });
});

describe('integration-registry', () => {
  const installation = (change: string) =>
    eventOf(InstallationChanged, { ...InstallationChanged.examples[0]!, change });

  test('tells only what changed', async () => {
    for (const change of ['created', 'new_permissions_accepted', 'suspend', 'deleted', 'unsuspend']) {
      await registerIntegration(core, installation(change));
    }

    expect(await core.outbox()).toEqual([
      'IntegrationConnected',
      'IntegrationDisconnected',
      'IntegrationConnected',
    ]);
    expect(await core.rows('select connected from integration')).toEqual([{ connected: true }]);
    expect(await effects('integration-registry')).toBe(5);
  });
});

describe('delivery-insights', () => {
  test('counts pushes, merges and ended builds, and nothing that still goes on', async () => {
    const pullRequest = PullRequestChanged.examples[0]!;
    const build = BuildChanged.examples[0]!;
    await measureDelivery(core, eventOf(CodePushed, CodePushed.examples[0]!));
    await measureDelivery(core, eventOf(CodePushed, { ...CodePushed.examples[0]!, toDefaultBranch: false }));
    await measureDelivery(
      core,
      eventOf(PullRequestChanged, { ...pullRequest, change: 'closed', state: 'merged' }),
    );
    await measureDelivery(
      core,
      eventOf(PullRequestChanged, { ...pullRequest, change: 'labeled', state: 'merged' }),
    );
    await measureDelivery(core, eventOf(BuildChanged, { ...build, outcome: 'failure' }));
    await measureDelivery(core, eventOf(BuildChanged, { ...build, outcome: 'pending' }));

    expect(await core.rows('select measure, quantity from delivery_insight order by 1')).toEqual([
      { measure: 'builds-failure', quantity: '1' },
      { measure: 'merges', quantity: '1' },
      { measure: 'pushes', quantity: '1' },
    ]);
    expect(await effects('delivery-insights')).toBe(6);
  });
});
