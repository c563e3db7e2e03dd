/**
 * The events of an execution in a log group, as the machine's logging configuration asks for.
 * https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
 */
import type { AwsContext } from '../context.ts';
import type { HistoryEvent } from './interpreter/history.ts';
import { asText, isArray, isObject, member } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Execution } from './model.ts';

/** Members of an event's details that are data of the execution. */
const EXECUTION_DATA: ReadonlySet<string> = new Set(['input', 'output', 'parameters', 'assignedVariables']);

export function writeLog(context: AwsContext, execution: Execution, event: HistoryEvent): void {
  const { logging } = execution;
  if (!logging || !isLogged(asText(logging['level']), event.type)) return;
  const group = logGroupOf(logging);
  const logs = context.services.find('logs');
  if (group === undefined || !logs) return;
  const timestamp = Math.round(event.timestamp * 1_000);
  const message = JSON.stringify({
    id: String(event.id),
    type: event.type,
    details: detailsOf(event, logging['includeExecutionData'] === true),
    previous_event_id: String(event.previousEventId),
    event_timestamp: String(timestamp),
    execution_arn: execution.arn,
    redrive_count: String(execution.redriveCount),
  });
  const stream = `states/${execution.machineName}/${new Date(timestamp).toISOString().slice(0, 10)}/${execution.name.slice(0, 8)}`;
  logs.append(group, stream, [{ timestamp, message }]);
}

/** ALL: everything; ERROR: what failed; FATAL: executions that failed. */
function isLogged(level: string, type: string): boolean {
  if (level === 'ALL') return true;
  const failed = /(?:Failed|TimedOut|Aborted)$/.test(type);
  if (level === 'ERROR') return failed;
  return level === 'FATAL' && failed && type.startsWith('Execution');
}

function logGroupOf(logging: JsonObject): string | undefined {
  const [destination] = isArray(logging['destinations']) ? logging['destinations'] : [];
  const group = isObject(destination) ? member(destination, 'cloudWatchLogsLogGroup') : undefined;
  const arn = isObject(group) ? group['logGroupArn'] : undefined;
  return typeof arn === 'string' ? /:log-group:([^:]+)/.exec(arn)?.[1] : undefined;
}

function detailsOf(event: HistoryEvent, withData: boolean): Record<string, unknown> {
  const found = Object.entries(event).find(([name]) => name.endsWith('EventDetails'))?.[1];
  const details = typeof found === 'object' ? Object.entries(found) : [];
  return Object.fromEntries(details.filter(([name]) => withData || !EXECUTION_DATA.has(name)));
}
