/** Synthesizes the CDK app into a folder, as `cdk synth` would, without the second that its command line takes. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

export interface SynthesizeProps {
  /** Value of the `env` context key. */
  readonly environment: string;
  /** Where the cloud assembly goes. */
  readonly outputDirectory: string;
  /** Working directory: the one with cdk.json. */
  readonly directory: string;
  /** Context on top of that of cdk.json. @default - none */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

export class SynthesisError extends Error {
  readonly code = 'WAYBILL_SYNTH_FAILED';
  readonly fix: string;

  constructor(
    message: string,
    fix = 'correct the app; `npx cdk synth` shows the same error with the full validation',
  ) {
    super(message);
    this.name = 'SynthesisError';
    this.fix = fix;
  }
}

/**
 * Runs `cdk.json`'s app with its context. CloudFormation validation is off here: it costs two seconds,
 * and `npm run synth` and CI run it.
 *
 * @throws SynthesisError with what the app printed
 */
export async function synthesize(props: SynthesizeProps): Promise<void> {
  const { app, context } = await applicationIn(props.directory);
  // The Node.js that runs this can run the app; any other command is the shell's, as for the CDK command line.
  const plain = PLAIN_NODE.test(app);
  const child = spawn(plain ? process.execPath : app, plain ? app.split(' ').slice(1) : [], {
    cwd: props.directory,
    env: {
      ...process.env,
      CDK_OUTDIR: props.outputDirectory,
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, ...props.context, env: props.environment }),
      CDK_VALIDATION: 'false',
    },
    shell: !plain,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(props.signal !== undefined && { signal: props.signal }),
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const [exitCode, endedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve([code, signal]));
  });
  if (exitCode !== 0) {
    // Ctrl-C reaches the app, too, and such an app has printed nothing.
    const ended = endedBy === null ? '' : ` the app was ended by ${endedBy}`;
    throw new SynthesisError(
      `environment '${props.environment}' could not be synthesized:${ended}\n${withoutNode(printed)}`,
    );
  }
}

/** A command that needs no shell: `node` and words without quotes or variables. */
const PLAIN_NODE = /^node( [\w./:=@-]+)+$/;

interface Application {
  readonly app: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

async function applicationIn(directory: string): Promise<Application> {
  const file = await readFile(`${directory}/cdk.json`, 'utf8').catch(() => undefined);
  const fix = "run it in the directory of the application's cdk.json";
  if (file === undefined) throw new SynthesisError(`there is no cdk.json in ${directory}`, fix);
  const { app, context } = JSON.parse(file) as Partial<Application>;
  if (app === undefined) {
    throw new SynthesisError(
      `${directory}/cdk.json names no app`,
      'set "app" in it to the command of the application, for example "node bin/app.ts"',
    );
  }
  return { app, ...(context !== undefined && { context }) };
}

/** What the app printed, without the lines that only say where in Node.js an error came up. */
function withoutNode(printed: string): string {
  return printed
    .replace(/^node:internal.*\n.*\n\s*\^\s*\n/gm, '')
    .split('\n')
    .filter((line) => !/^\s+at .*\(?node:|^Node\.js v\d/.test(line))
    .join('\n')
    .replace(/\n{2,}/g, '\n')
    .trim();
}
