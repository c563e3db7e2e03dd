/**
 * What a function writes, in CloudWatch Logs when that runs here: its own lines, and Lambda's about each invocation,
 * in the text or the JSON format.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
 */
import type { AwsContext } from '../context.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import type { RunReport } from './function-runner.ts';
import type { LogLine } from './instance.ts';

/** Lines that wait for more before they are written, at most. */
const BATCH_LINES = 200;
/** What an invocation with `LogType: Tail` is told of its log. lambda/latest/api/API_Invoke.html */
const TAIL_BYTES = 4 * 1024;
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

export interface FunctionLogs {
  line(configuration: FunctionConfiguration, line: LogLine): void;
  report(report: RunReport): void;
  /** Collects what is logged of one invocation from now on; the returned function ends that and gives the last 4 KB. */
  tail(requestId: string): () => string;
  /** Writes what waits. */
  flush(): void;
}

interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

export function createFunctionLogs(context: AwsContext): FunctionLogs {
  const waiting = new Map<
    string,
    { readonly group: string; readonly stream: string; readonly events: LogEvent[] }
  >();
  const tails = new Map<string, string[]>();
  let scheduled = false;

  const flush = (): void => {
    scheduled = false;
    const logs = context.services.find('logs');
    for (const [key, { group, stream, events }] of waiting) {
      waiting.delete(key);
      try {
        logs?.append(group, stream, events);
      } catch {
        // A log that can't be written does not stop the function, as on AWS.
      }
    }
  };

  const add = (group: string, stream: string, message: string): void => {
    const key = `${group} ${stream}`;
    const batch = waiting.get(key) ?? { group, stream, events: [] };
    waiting.set(key, batch);
    batch.events.push({ timestamp: context.clock.now(), message });
    if (batch.events.length >= BATCH_LINES) flush();
    else if (!scheduled) {
      scheduled = true;
      setImmediate(flush);
    }
  };

  const isRead = (requestId: string | undefined): boolean =>
    context.services.find('logs') !== undefined || (requestId !== undefined && tails.has(requestId));

  const write = (requestId: string | undefined, group: string, stream: string, message: string): void => {
    if (requestId !== undefined) tails.get(requestId)?.push(message);
    if (context.services.find('logs')) add(group, stream, message);
  };

  return {
    line(configuration, line) {
      if (!isRead(line.requestId) || line.logStreamName === undefined) return;
      const message =
        configuration.logFormat === 'JSON' ? jsonLine(context, configuration, line) : textLine(context, line);
      if (message !== undefined) {
        write(line.requestId, configuration.logGroupName, line.logStreamName, message);
      }
    },
    report(report) {
      const { configuration, logStreamName, requestId } = report;
      if (!isRead(requestId)) return;
      const json = configuration.logFormat === 'JSON';
      if (json && isBelow('INFO', configuration.systemLogLevel)) return;
      const messages = json ? jsonReport(context, report) : textReport(report);
      for (const message of messages) {
        write(requestId, configuration.logGroupName, logStreamName, message);
      }
    },
    tail(requestId) {
      const lines: string[] = [];
      tails.set(requestId, lines);
      return () => {
        tails.delete(requestId);
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        return bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES)).toString('utf8');
      };
    },
    flush,
  };
}

function isBelow(level: string, limit: string): boolean {
  return LEVELS.indexOf(level) < LEVELS.indexOf(limit);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html */
function textLine(context: AwsContext, { text, level, requestId }: LogLine): string {
  // Metrics in the embedded format have to stand alone in their line to be found.
  if (level === undefined || text.startsWith('{"_aws"')) return text;
  return `${new Date(context.clock.now()).toISOString()}\t${requestId ?? 'undefined'}\t${level}\t${text}`;
}

function jsonLine(
  context: AwsContext,
  configuration: FunctionConfiguration,
  { text, json, level, requestId }: LogLine,
): string | undefined {
  if (level === undefined) return text;
  if (isBelow(level, configuration.applicationLogLevel)) return undefined;
  if (text.startsWith('{"_aws"')) return text;
  const head = JSON.stringify({ timestamp: new Date(context.clock.now()).toISOString(), level, requestId });
  return `${head.slice(0, -1)},"message":${json ?? JSON.stringify(text)}}`;
}

function textReport(report: RunReport): readonly string[] {
  const { requestId, version, phase, configuration, initMilliseconds, error } = report;
  if (phase === 'start') return [`START RequestId: ${requestId} Version: ${version}`];
  const duration = report.durationMilliseconds ?? 0;
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${duration.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(duration)} ms`,
    `Memory Size: ${configuration.memoryMegabytes} MB`,
    `Max Memory Used: ${report.memoryUsedMegabytes ?? 0} MB`,
    ...(initMilliseconds === undefined ? [] : [`Init Duration: ${initMilliseconds.toFixed(2)} ms`]),
    ...(error && error.errorType.startsWith('Sandbox.Timedout') ? ['Status: timeout'] : []),
    ...(error && error.errorType.startsWith('Runtime.')
      ? ['Status: error', `Error Type: ${error.errorType}`]
      : []),
  ];
  return [`END RequestId: ${requestId}`, `${fields.join('\t')}\t`];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html */
function jsonReport(context: AwsContext, report: RunReport): readonly string[] {
  const { requestId, version, phase, configuration, initMilliseconds, error } = report;
  const time = new Date(context.clock.now()).toISOString();
  if (phase === 'start') {
    return [JSON.stringify({ time, type: 'platform.start', record: { requestId, version } })];
  }
  const duration = report.durationMilliseconds ?? 0;
  const metrics = {
    durationMs: Number(duration.toFixed(3)),
    billedDurationMs: Math.ceil(duration),
    memorySizeMB: configuration.memoryMegabytes,
    maxMemoryUsedMB: report.memoryUsedMegabytes ?? 0,
    ...(initMilliseconds !== undefined && { initDurationMs: Number(initMilliseconds.toFixed(3)) }),
  };
  const status = !error ? 'success' : error.errorType === 'Sandbox.Timedout' ? 'timeout' : 'error';
  const errorType = error && { errorType: error.errorType };
  return [
    JSON.stringify({
      time,
      type: 'platform.report',
      record: { requestId, metrics, status, ...errorType },
    }),
  ];
}
