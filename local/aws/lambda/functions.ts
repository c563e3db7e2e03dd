/** Every function: made, changed, removed, its versions and aliases, and what of it is kept in the state directory. */
import { existsSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';

import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { atThisEndpoint } from '../former-endpoints.ts';
import type { EventInvokeConfig } from './async-invocation.ts';
import type { CodeWatch } from './code-watch.ts';
import type { Concurrency } from './concurrency.ts';
import { configureFunction } from './function-configuration.ts';
import type { FunctionConfiguration, FunctionProps } from './function-configuration.ts';
import { functionArnOf, parseFunctionReference } from './function-reference.ts';
import type { FunctionRunner } from './function-runner.ts';

export interface FunctionEntry {
  runner: FunctionRunner;
  /** By qualifier; the function's own under `$LATEST`. */
  readonly eventInvokeConfigs: Map<string, EventInvokeConfig>;
  versions: FunctionVersion[];
  readonly aliases: Map<string, Alias>;
  /** Milliseconds since the epoch. */
  modifiedAt: number;
}

export interface FunctionVersion {
  readonly version: string;
  readonly description: string;
}

export interface Alias {
  readonly name: string;
  readonly version: string;
  readonly description: string;
}

/** A function that was asked for, and the version that the reference means. */
export interface Found {
  readonly entry: FunctionEntry;
  readonly version: string;
  readonly qualifier: string | undefined;
}

export interface Functions {
  create(props: FunctionProps): FunctionConfiguration;
  /** Applies changed settings; new invocations run with them, running ones finish. */
  update(name: string, changes: Partial<FunctionProps>): FunctionConfiguration;
  /** Changes what is reserved for it, which no running instance has to know. */
  reserve(name: string, props: FunctionProps): void;
  /** The entry's versions, aliases or asynchronous settings changed. */
  changed(entry: FunctionEntry): void;
  remove(name: string): Promise<void>;
  find(reference: string): Found;
  all(): readonly FunctionEntry[];
  close(): Promise<void>;
}

interface KeptFunction {
  readonly props: FunctionProps;
  readonly eventInvokeConfigs: readonly (readonly [string, EventInvokeConfig])[];
  readonly versions: readonly FunctionVersion[];
  readonly aliases: readonly Alias[];
  readonly modifiedAt: number;
}

export interface FunctionsOptions {
  readonly context: AwsContext;
  readonly concurrency: Concurrency;
  readonly startRunner: (configuration: FunctionConfiguration) => FunctionRunner;
  /** Set when code is reloaded as it changes. */
  readonly watch: CodeWatch | undefined;
}

export function createFunctions(options: FunctionsOptions): Functions {
  const { context, concurrency, startRunner, watch } = options;
  const functions = new Map<string, FunctionEntry>();
  const kept = context.state.collection<KeptFunction>('lambda.functions');

  const keep = (entry: FunctionEntry): void => {
    if (!context.state.persistent) return;
    const { functionName, props } = entry.runner.configuration;
    kept.put(functionName, {
      props: { ...props, codeDirectory: toKeptPath(context.state.directory, props.codeDirectory) },
      eventInvokeConfigs: [...entry.eventInvokeConfigs],
      versions: entry.versions,
      aliases: [...entry.aliases.values()],
      modifiedAt: entry.modifiedAt,
    });
  };

  /** Another runner takes over; the old one finishes what it runs. */
  const restart = (entry: FunctionEntry, configuration: FunctionConfiguration): void => {
    const old = entry.runner;
    entry.runner = startRunner(configuration);
    old.retire();
  };

  const watchCode = (entry: FunctionEntry): void => {
    const { functionName, codeDirectory } = entry.runner.configuration;
    watch?.add(functionName, codeDirectory, () => restart(entry, entry.runner.configuration));
  };

  const configure = (props: FunctionProps): FunctionConfiguration => {
    const configuration = configureFunction(props, context);
    if (!existsSync(configuration.codeDirectory)) {
      throw new AwsError(
        'InvalidParameterValueException',
        `The code of ${props.functionName} is not there: ${configuration.codeDirectory} does not exist`,
      );
    }
    concurrency.reserve(props.functionName, configuration.reservedConcurrency);
    return configuration;
  };

  const add = (configuration: FunctionConfiguration, modifiedAt: number): FunctionEntry => {
    const entry: FunctionEntry = {
      runner: startRunner(configuration),
      eventInvokeConfigs: new Map(),
      versions: [],
      aliases: new Map(),
      modifiedAt,
    };
    functions.set(configuration.functionName, entry);
    watchCode(entry);
    return entry;
  };

  // Runners are made of services that may not be there yet, and are not needed before the first event.
  for (const [name, { props, eventInvokeConfigs, versions, aliases, modifiedAt }] of kept.entries()) {
    const codeDirectory = fromKeptPath(context.state.directory, props.codeDirectory);
    if (!existsSync(codeDirectory)) {
      kept.delete(name);
      continue;
    }
    const entry = add(configure({ ...atThisEndpoint(context, props), codeDirectory }), modifiedAt);
    for (const [qualifier, config] of eventInvokeConfigs) entry.eventInvokeConfigs.set(qualifier, config);
    for (const alias of aliases) entry.aliases.set(alias.name, alias);
    entry.versions = [...versions];
  }

  const existing = (name: string, qualifier?: string): FunctionEntry => {
    const entry = functions.get(name);
    if (entry) return entry;
    throw notFound(functionArnOf(context, { name, qualifier }));
  };

  return {
    create(props) {
      if (functions.has(props.functionName)) {
        throw new AwsError('ResourceConflictException', `Function already exist: ${props.functionName}`, 409);
      }
      const entry = add(configure(props), context.clock.now());
      keep(entry);
      return entry.runner.configuration;
    },
    update(name, changes) {
      const entry = existing(name);
      const { configuration: before } = entry.runner;
      const configuration = configure({ ...before.props, ...changes });
      restart(entry, configuration);
      entry.modifiedAt = context.clock.now();
      if (before.codeDirectory !== configuration.codeDirectory) watchCode(entry);
      keep(entry);
      return configuration;
    },
    reserve(name, props) {
      const entry = existing(name);
      entry.runner.reconfigure(configureFunction(props, context));
      keep(entry);
    },
    changed: keep,
    async remove(name) {
      const { runner } = existing(name);
      functions.delete(name);
      kept.delete(name);
      watch?.remove(name);
      concurrency.reserve(name, undefined);
      await runner.close();
    },
    find(reference) {
      const { name, qualifier } = parseFunctionReference(reference);
      const entry = existing(name, qualifier);
      const version = versionOf(entry, qualifier);
      if (version === undefined) throw notFound(functionArnOf(context, { name, qualifier }));
      return { entry, version, qualifier };
    },
    all: () => [...functions.values()],
    async close() {
      watch?.close();
      await Promise.all([...functions.values()].map(({ runner }) => runner.close()));
    },
  };
}

const BELOW_STATE_DIRECTORY = 'state:';

/** Code below the state directory is found again when the directory has moved. */
function toKeptPath(stateDirectory: string | undefined, path: string): string {
  if (stateDirectory === undefined) return path;
  const below = relative(stateDirectory, path);
  return below.startsWith('..') || isAbsolute(below) ? path : BELOW_STATE_DIRECTORY + below;
}

function fromKeptPath(stateDirectory: string | undefined, kept: string): string {
  if (stateDirectory === undefined || !kept.startsWith(BELOW_STATE_DIRECTORY)) return kept;
  return join(stateDirectory, kept.slice(BELOW_STATE_DIRECTORY.length));
}

function versionOf(entry: FunctionEntry, qualifier: string | undefined): string | undefined {
  if (qualifier === undefined || qualifier === '$LATEST') return '$LATEST';
  const wanted = entry.aliases.get(qualifier)?.version ?? qualifier;
  if (wanted === '$LATEST') return wanted;
  return entry.versions.find(({ version }) => version === wanted)?.version;
}

function notFound(arn: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
}
