/** Reads the part of a Dockerfile that says what a container of its last stage runs, and which files it has. */

export interface Dockerfile {
  /** The image of the last stage. */
  readonly base: string;
  /** Where the command runs. An absolute path in the container. */
  readonly workingDirectory: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** In their order; a later one lies over an earlier one. */
  readonly copies: readonly Copy[];
  /** Absolute paths in the container. */
  readonly volumes: readonly string[];
}

export interface Copy {
  /** A file or directory of the build context, `.` for all of it. */
  readonly from: string;
  /** An absolute path in the container. A slash at its end says that it is a directory. */
  readonly to: string;
}

/** What Docker runs a command with that is not a list. docs.docker.com/reference/dockerfile, "Shell and exec form" */
const SHELL = ['/bin/sh', '-c'];

/** Steps of RUN are not run: what they would change is not there. */
export function readDockerfile(text: string): Dockerfile {
  let base = '';
  let workingDirectory = '/';
  let entryPoint: readonly string[] = [];
  let command: readonly string[] = [];
  let environment: Record<string, string> = {};
  let copies: Copy[] = [];
  let volumes: string[] = [];
  for (const { instruction, rest } of instructionsOf(text)) {
    switch (instruction) {
      case 'FROM':
        base = rest.split(/\s+/).find((word) => !word.startsWith('--')) ?? '';
        workingDirectory = '/';
        entryPoint = command = [];
        environment = {};
        copies = [];
        volumes = [];
        break;
      case 'WORKDIR':
        workingDirectory = within(workingDirectory, unquoted(rest));
        break;
      case 'ENV':
        Object.assign(environment, variablesOf(rest));
        break;
      case 'ENTRYPOINT':
        entryPoint = wordsOrShell(rest);
        // A command that a base image or an earlier line gave is for another entry point.
        command = [];
        break;
      case 'CMD':
        command = wordsOrShell(rest);
        break;
      case 'ADD':
      case 'COPY':
        copies.push(...copiesOf(rest, workingDirectory));
        break;
      case 'VOLUME':
        volumes.push(...(jsonWords(rest) ?? rest.split(/\s+/)));
        break;
      default:
    }
  }
  return { base, workingDirectory, entryPoint, command, environment, copies, volumes };
}

interface Instruction {
  /** In capital letters. */
  readonly instruction: string;
  readonly rest: string;
}

function instructionsOf(text: string): readonly Instruction[] {
  const lines = text
    .split(/\r?\n/)
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\[ \t]*\n/g, ' ')
    .split('\n');
  return lines.flatMap((line) => {
    const [, instruction, rest] = /^\s*([A-Za-z]+)\s+(.+?)\s*$/.exec(line) ?? [];
    return instruction === undefined || rest === undefined
      ? []
      : [{ instruction: instruction.toUpperCase(), rest }];
  });
}

/** `["node", "index.mjs"]` as it is; anything else is a line for the shell. */
function wordsOrShell(rest: string): readonly string[] {
  return jsonWords(rest) ?? [...SHELL, rest];
}

function jsonWords(rest: string): readonly string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(rest);
    const isWords = Array.isArray(parsed) && parsed.every((word) => typeof word === 'string');
    return isWords ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** `A=1 B="two words"`, or the older `A one value`. */
function variablesOf(rest: string): Record<string, string> {
  if (!/^\w+=/.test(rest)) {
    const [, name = '', value = ''] = /^(\w+)\s+(.*)$/.exec(rest) ?? [];
    return { [name]: value };
  }
  const pairs = rest.matchAll(/(\w+)=("(?:\\.|[^"\\])*"|'[^']*'|\S*)/g);
  return Object.fromEntries([...pairs].map(([, name = '', value = '']) => [name, unquoted(value)]));
}

function copiesOf(rest: string, workingDirectory: string): readonly Copy[] {
  const flags = /^(?:--\S+\s+)*/.exec(rest)?.[0] ?? '';
  // What another stage made is not there.
  if (flags.includes('--from')) return [];
  const given = rest.slice(flags.length);
  const words = jsonWords(given) ?? given.split(/\s+/).map(unquoted);
  const target = words.at(-1);
  if (target === undefined || words.length < 2) return [];
  const isDirectory = target.endsWith('/') || target === '.' || words.length > 2;
  const to = within(workingDirectory, target) + (isDirectory ? '/' : '');
  return words.slice(0, -1).map((from) => ({ from, to: to.replace(/\/+$/, isDirectory ? '/' : '') }));
}

function unquoted(text: string): string {
  const [, inner] = /^"(.*)"$/s.exec(text) ?? /^'(.*)'$/s.exec(text) ?? [];
  return inner === undefined ? text : inner.replaceAll(/\\(.)/g, '$1');
}

/** A path of the container. Not the host's `resolve`: containers run Linux. */
function within(directory: string, path: string): string {
  const joined = path.startsWith('/') ? path : `${directory}/${path}`;
  const parts: string[] = [];
  for (const part of joined.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
