/**
 * Which copy of a module a file of tests gets: packages once per worker, everything of this repository anew for each file, so that
 * no file sees what another left in a module.
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import type { LoadFnOutput, ResolveFnOutput, ResolveHookContext, ResolveHookSync } from 'node:module';
import { fileURLToPath } from 'node:url';

const REPOSITORY = new URL('../../', import.meta.url).href;
const PACKAGES = `${REPOSITORY}node_modules/`;
/** The runner itself, with what it keeps from file to file; its fixtures are in a folder of their own. */
const RUNNER = new URL('./', import.meta.url).href;
const GLOBALS = new URL('./globals.ts', import.meta.url).href;

/** `waybill` and its like mean this repository's sources. */
const SOURCES = 'waybill-source';

/** In the address of a copy, before the number of its file of tests in the worker. */
const COPY = '?copy=';

let copy = 0;

/** The next file of tests: what it imports from now on is its own. Gives the address of a module's copy. */
export function nextCopy(): (url: string) => string {
  copy += 1;
  return asCopy;
}

/** It ends as the module itself does: some tell by it whether they are sources or were built. */
const asCopy = (url: string): string => `${url}${COPY}${copy}.ts`;

const isCopied = (url: string): boolean =>
  copy > 0 &&
  url.endsWith('.ts') &&
  !url.includes('?') &&
  url.startsWith(REPOSITORY) &&
  !url.startsWith(PACKAGES) &&
  !(url.startsWith(RUNNER) && !url.slice(RUNNER.length).includes('/'));

/** Without their types. A module's text is the same for every copy, so a worker reads it once. */
const texts = new Map<string, string>();

function textOf(path: string): string {
  const known = texts.get(path);
  if (known !== undefined) return known;
  const text = stripTypeScriptTypes(readFileSync(path, 'utf8'));
  texts.set(path, text);
  return text;
}

/**
 * What a module's own imports mean. It is the same for every copy, and asking Node is most of what a copy costs.
 * Only of what does not change while tests run: our modules, and Node's and the packages'.
 */
const resolutions = new Map<string, ResolveFnOutput>();

function resolve(
  specifier: string,
  context: ResolveHookContext,
  nextResolve: Parameters<ResolveHookSync>[2],
): ResolveFnOutput {
  const [importer, number] = context.parentURL?.split(COPY) ?? [];
  const ask = () => nextResolve(specifier, { ...context, conditions: [...context.conditions, SOURCES] });
  if (number === undefined || !context.conditions.includes('import')) return ask();
  const key = `${specifier} ${importer}`;
  const known = resolutions.get(key);
  if (known !== undefined) return known;
  const resolved = ask();
  const found = { url: resolved.url, format: resolved.format, shortCircuit: true };
  if (isLasting(found.url)) resolutions.set(key, found);
  return found;
}

const isLasting = (url: string): boolean =>
  url.startsWith('node:') || url.startsWith(PACKAGES) || isCopied(url);

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === '@jest/globals') return { url: GLOBALS, shortCircuit: true };
    const resolved = resolve(specifier, context, nextResolve);
    return isCopied(resolved.url) ? { ...resolved, url: asCopy(resolved.url) } : resolved;
  },
  load(url, context, nextLoad): LoadFnOutput {
    const [module, number] = url.split(COPY);
    if (module === undefined || number === undefined) return nextLoad(url, context);
    return { format: 'module', source: textOf(fileURLToPath(module)), shortCircuit: true };
  },
});
