/**
 * Scheduler's REST-JSON operations: which method and path is which action.
 * https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
 */
import type { AwsContext } from '../context.ts';
import { callService } from '../dispatch.ts';
import type { RestRequest, RestRoute } from '../protocols/rest-json.ts';
import { validationError } from './errors.ts';
import type { SchedulerService } from './service.ts';

const OPERATIONS: readonly (readonly [method: string, path: string, action: string])[] = [
  ['POST', '/schedules/{Name}', 'CreateSchedule'],
  ['PUT', '/schedules/{Name}', 'UpdateSchedule'],
  ['GET', '/schedules/{Name}', 'GetSchedule'],
  ['DELETE', '/schedules/{Name}', 'DeleteSchedule'],
  ['GET', '/schedules', 'ListSchedules'],
  ['POST', '/schedule-groups/{Name}', 'CreateScheduleGroup'],
  ['GET', '/schedule-groups/{Name}', 'GetScheduleGroup'],
  ['DELETE', '/schedule-groups/{Name}', 'DeleteScheduleGroup'],
  ['GET', '/schedule-groups', 'ListScheduleGroups'],
  ['POST', '/tags/{ResourceArn}', 'TagResource'],
  ['DELETE', '/tags/{ResourceArn}', 'UntagResource'],
  ['GET', '/tags/{ResourceArn}', 'ListTagsForResource'],
];

export function schedulerRoutes(context: AwsContext, service: () => SchedulerService): readonly RestRoute[] {
  return OPERATIONS.map(([method, path, action]) => ({
    method,
    path,
    async handle(request) {
      const input = { ...queryMembers(request), ...bodyMembers(request), ...request.parameters };
      const output = await callService(context, service(), action, input, request.caller, request.signal);
      return { status: 200, body: output as object };
    },
  }));
}

/** Query parameters by the names of the action's members: `groupName` and `ScheduleGroup` are `GroupName`. */
function queryMembers({ query }: RestRequest): Record<string, unknown> {
  const members = [...query.keys()].map((name) => [
    name === 'ScheduleGroup' ? 'GroupName' : name.charAt(0).toUpperCase() + name.slice(1),
    name === 'TagKeys' ? query.getAll(name) : (query.get(name) ?? ''),
  ]);
  return Object.fromEntries(members) as Record<string, unknown>;
}

function bodyMembers({ body }: RestRequest): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    throw validationError('The body is not JSON.');
  }
}
