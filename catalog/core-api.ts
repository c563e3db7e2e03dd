/** What `core-api` publishes: projects, their members, and where a tenant wants its events delivered. */
import * as z from 'zod/mini';
import { event, service } from '../lib/contracts/index.ts';

export const CoreApi = service('core-api', {
  description: 'Projects and members of a tenant, commanded over HTTP.',
});

const Id = z.string().check(z.minLength(1), z.maxLength(64));
export const MemberRole = z.enum(['viewer', 'editor', 'admin']);
export type MemberRole = z.infer<typeof MemberRole>;

export const ProjectCreated = event('ProjectCreated', {
  version: '1.0',
  source: CoreApi.source,
  description: 'A tenant opened a project.',
  data: z.object({ projectId: Id, name: z.string(), createdBy: Id }),
  orderingKey: 'projectId',
  traffic: { peakPerSecond: 5, averageBytes: 600 },
  examples: [{ projectId: 'prj_01jd2m', name: 'Warehouse move', createdBy: 'usr_7f1c' }],
});

export const ProjectRenamed = event('ProjectRenamed', {
  version: '1.0',
  source: CoreApi.source,
  description: 'A project got another name.',
  data: z.object({ projectId: Id, name: z.string(), renamedBy: Id }),
  orderingKey: 'projectId',
  traffic: { peakPerSecond: 2, averageBytes: 600 },
  examples: [{ projectId: 'prj_01jd2m', name: 'Warehouse move, phase two', renamedBy: 'usr_7f1c' }],
});

export const ProjectArchived = event('ProjectArchived', {
  version: '1.0',
  source: CoreApi.source,
  description: 'A project was closed; it can be read, not changed.',
  data: z.object({ projectId: Id, archivedBy: Id }),
  orderingKey: 'projectId',
  traffic: { peakPerSecond: 1, averageBytes: 550 },
  examples: [{ projectId: 'prj_01jd2m', archivedBy: 'usr_7f1c' }],
});

export const MemberInvited = event('MemberInvited', {
  version: '1.0',
  source: CoreApi.source,
  description: 'Somebody was invited to join a tenant.',
  data: z.object({ memberId: Id, email: z.string(), role: MemberRole, invitedBy: Id }),
  orderingKey: 'memberId',
  pii: ['email'],
  traffic: { peakPerSecond: 5, averageBytes: 650 },
  examples: [{ memberId: 'mem_91bd', email: 'ada@example.com', role: 'editor', invitedBy: 'usr_7f1c' }],
});

export const MemberRoleChanged = event('MemberRoleChanged', {
  version: '1.0',
  source: CoreApi.source,
  description: 'A member may now do more, or less.',
  data: z.object({ memberId: Id, role: MemberRole, previousRole: MemberRole, changedBy: Id }),
  orderingKey: 'memberId',
  traffic: { peakPerSecond: 2, averageBytes: 600 },
  examples: [{ memberId: 'mem_91bd', role: 'admin', previousRole: 'editor', changedBy: 'usr_7f1c' }],
});

export const MemberRemoved = event('MemberRemoved', {
  version: '1.0',
  source: CoreApi.source,
  description: 'A member left a tenant, or was made to.',
  data: z.object({ memberId: Id, removedBy: Id }),
  orderingKey: 'memberId',
  traffic: { peakPerSecond: 1, averageBytes: 550 },
  examples: [{ memberId: 'mem_91bd', removedBy: 'usr_7f1c' }],
});

export const DeliveryUrlChanged = event('DeliveryUrlChanged', {
  version: '1.0',
  source: CoreApi.source,
  description: 'A tenant set, or took away, the URL its events are delivered to. The URL itself is not told.',
  data: z.object({ change: z.enum(['set', 'removed', 'disabled']), changedBy: Id }),
  traffic: { peakPerSecond: 1, averageBytes: 550 },
  examples: [{ change: 'set', changedBy: 'usr_7f1c' }],
});

export const coreApiEvents = [
  ProjectCreated,
  ProjectRenamed,
  ProjectArchived,
  MemberInvited,
  MemberRoleChanged,
  MemberRemoved,
  DeliveryUrlChanged,
] as const;
