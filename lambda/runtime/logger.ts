/**
 * One JSON object per line on standard output, which is what CloudWatch Logs Insights and the local run read.
 * Written to the stream, not through `console`, because Lambda's console adds its own prefix to a line.
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** False where the line would be dropped, so that its fields need not be built. Without it every line is. */
  isEnabled?(level: LogLevel): boolean;
  /** A logger that adds these fields to every line. */
  with(fields: LogFields): Logger;
}

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 10, info: 20, warn: 30, error: 40, silent: 99 };

export interface LoggerOptions {
  /** @default - WAYBILL_LOG_LEVEL, else 'info' */
  readonly level?: LogLevel;
  /** @default - standard output */
  readonly write?: (line: string) => void;
  /** Added to every line. Never put an event's data here. */
  readonly fields?: LogFields;
}

export function createLogger(options: LoggerOptions = {}): Logger {
  const level = options.level ?? levelFrom(process.env['WAYBILL_LOG_LEVEL']);
  const write = options.write ?? ((line) => void process.stdout.write(line));
  const threshold = SEVERITY[level];

  const bound = (fixed: LogFields | undefined): Logger => {
    // The fields of all lines are serialized once, not per line.
    const fixedText = fixed === undefined ? '' : JSON.stringify(fixed).slice(1, -1);
    const at =
      (level: LogLevel) =>
      (message: string, fields?: LogFields): void => {
        if (SEVERITY[level] < threshold) return;
        const moreText = fields === undefined ? '' : JSON.stringify(fields).slice(1, -1);
        const head = `{"timestamp":"${new Date().toISOString()}","level":"${level}","message":${JSON.stringify(message)}`;
        write(`${head}${fixedText && ','}${fixedText}${moreText && ','}${moreText}}\n`);
      };
    return {
      isEnabled: (level) => SEVERITY[level] >= threshold,
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (fields) => bound({ ...fixed, ...fields }),
    };
  };
  return bound(options.fields);
}

function levelFrom(text: string | undefined): LogLevel {
  const level = text?.toLowerCase();
  return level !== undefined && level in SEVERITY ? (level as LogLevel) : 'info';
}

/**
 * What may be kept of an error: its name, its code and where it was thrown. Never its message, which often
 * quotes the data it choked on.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  const frame = /\n\s+at (.*)/.exec(error.stack ?? '')?.[1];
  // Only the file's name: a full path tells about the machine, not about the fault.
  const place = frame?.replace(/\(?(?:file:\/\/)?[^\s()]*[/\\]([^/\\\s()]+)\)?$/, '($1)');
  return `${error.name}${code}${place === undefined ? '' : ` at ${place}`}`.slice(0, 256);
}
