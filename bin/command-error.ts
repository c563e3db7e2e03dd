/** What a command answers when it fails, and the exit codes that scripts may rely on. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** A failure that the user can mend: what happened, what to do, and a stable code. */
export class CommandError extends Error {
  readonly code: string;
  readonly fix: string | undefined;

  constructor(code: string, message: string, options: ErrorOptions & { readonly fix?: string } = {}) {
    super(message, options);
    this.name = 'CommandError';
    this.code = code;
    this.fix = options.fix;
  }
}

/** The text on stderr for any error. A mistake of ours keeps its stack, a user's does not need it. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `waybill: ${String(error)}\n`;
  const missing = missingPackage(error);
  if (missing !== undefined) {
    return `waybill: this needs the package '${missing}', which is not installed\n  Fix: npm install --save-dev ${missing}\n  Code: WAYBILL_PACKAGE_MISSING\n`;
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined) return `waybill: ${error.stack ?? error.message}\n`;
  const fix = 'fix' in error && typeof error.fix === 'string' ? `\n  Fix: ${error.fix}` : '';
  const causes = causesOf(error);
  const because = causes.length === 0 ? '' : `\n  Because: ${causes.join(': ')}`;
  return `waybill: ${error.message}${because}${fix}\n  Code: ${code}\n`;
}

/** From the nearest to the first: `fetch failed` alone says nothing. */
function causesOf({ cause }: Error): readonly string[] {
  if (!(cause instanceof Error)) return [];
  const text = cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
  return [text, ...causesOf(cause)].filter((one) => one !== '');
}

/** The name of the package that an import did not find. Who needs only a part of the library installs only what that needs. */
function missingPackage(error: Error): string | undefined {
  if (!('code' in error) || (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'MODULE_NOT_FOUND'))
    return undefined;
  return /Cannot find (?:package|module) '((?:@[\w.-]+\/)?[\w-][\w.-]*)/.exec(error.message)?.[1];
}
