/**
 * Reads a CDK cloud assembly (the `cdk.out` directory) as data: its stacks in the order they must be deployed, with
 * their templates and the directories their file assets come from. No CDK code is loaded.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { isRecord } from '../json.ts';
import { AssemblyError } from './errors.ts';
import type { Template } from './template.ts';

/** The newest cloud assembly schema this reader was written against (aws-cdk-lib 2.276). */
const KNOWN_SCHEMA_MAJOR = 55;

export interface CloudAssemblyStack {
  /** The artifact id in the manifest, unique within the assembly. */
  readonly id: string;
  /** The construct path, for people: `Prod/Core`. */
  readonly displayName: string;
  /** The name CloudFormation would know the stack by. */
  readonly stackName: string;
  /** Of the manifest that names the stack: that of its stage, where it is in one. */
  readonly directory: string;
  /** Absent when the stack is environment-agnostic. */
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly template: Template;
  /** Parameter values that the assembly itself sets. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Object key in the assets bucket (`<hash>.zip`) -> absolute path of the directory or file it is made from. */
  readonly fileAssets: ReadonlyMap<string, string>;
  /** Repository and tag (`REPOSITORY:TAG`) -> what the image is built from. */
  readonly imageAssets: ReadonlyMap<string, ImageAsset>;
  /**
   * The construct path of each logical id. Those of nested stacks are counted by themselves.
   * @param nestedStack the construct path of a nested stack; without it, the stack itself
   */
  constructPaths(nestedStack?: string): ReadonlyMap<string, string>;
  /** The template of the nested stack with this construct path, a file in the directory; undefined where CDK does not say. */
  nestedTemplateFile(nestedStack: string): string | undefined;
}

/** The build context of a container image. */
export interface ImageAsset {
  /** An absolute path. */
  readonly directory: string;
  /** A path in the directory. */
  readonly dockerfile: string;
}

export interface CloudAssembly {
  readonly directory: string;
  /** A stack comes after every stack it depends on. */
  readonly stacks: readonly CloudAssemblyStack[];
  /** Things about the assembly that a user should know, for example a newer schema than this reader knows. */
  readonly warnings: readonly string[];
}

/**
 * Reads `manifest.json` of a cloud assembly and of the assemblies nested in it (CDK stages).
 *
 * @throws AssemblyError when the directory holds no assembly, or the manifest names something that is not there.
 */
export function readCloudAssembly(directory: string): CloudAssembly {
  const root = resolve(directory);
  const warnings: string[] = [];
  const stacks = readStacks(root, warnings);
  if (stacks.length === 0) {
    throw new AssemblyError(
      'WAYBILL_ASSEMBLY_INVALID',
      `The cloud assembly in ${root} holds no stack. Check that the app creates one for this environment.`,
    );
  }
  return { directory: root, stacks, warnings };
}

interface Manifest {
  readonly version: string;
  readonly artifacts?: { readonly [id: string]: Artifact };
}

interface Artifact {
  readonly type: string;
  readonly environment?: string;
  readonly displayName?: string;
  readonly dependencies?: readonly string[];
  readonly metadata?: ConstructMetadata;
  /** Where the metadata is in a file of its own. */
  readonly additionalMetadataFile?: string;
  readonly properties?: {
    readonly templateFile?: string;
    readonly stackName?: string;
    readonly parameters?: Readonly<Record<string, string>>;
    readonly directoryName?: string;
    readonly file?: string;
  };
}

/** By construct path, with a leading `/`. */
interface ConstructMetadata {
  readonly [path: string]: readonly { readonly type: string; readonly data?: unknown }[];
}

interface AssetManifest {
  readonly files?: {
    readonly [hash: string]: {
      readonly source: { readonly path?: string; readonly executable?: readonly string[] };
      readonly destinations: { readonly [id: string]: { readonly objectKey: string } };
    };
  };
  readonly dockerImages?: {
    readonly [hash: string]: {
      readonly source: { readonly directory?: string; readonly dockerFile?: string };
      readonly destinations: {
        readonly [id: string]: { readonly repositoryName: string; readonly imageTag: string };
      };
    };
  };
}

function readStacks(directory: string, warnings: string[]): CloudAssemblyStack[] {
  const manifest = readManifest(directory);
  const schemaMajor = Number.parseInt(manifest.version, 10);
  if (schemaMajor > KNOWN_SCHEMA_MAJOR) {
    warnings.push(
      `The cloud assembly uses schema ${manifest.version}; this reader knows up to ${KNOWN_SCHEMA_MAJOR}. It reads what it recognises.`,
    );
  }

  const stacks: CloudAssemblyStack[] = [];
  for (const [id, artifact] of inDependencyOrder(manifest.artifacts ?? {})) {
    if (artifact.type === 'aws:cloudformation:stack') {
      stacks.push(readStack(directory, id, artifact, manifest.artifacts ?? {}));
    } else if (artifact.type === 'cdk:cloud-assembly') {
      stacks.push(...readStacks(join(directory, artifact.properties?.directoryName ?? id), warnings));
    }
  }
  return stacks;
}

function readManifest(directory: string): Manifest {
  const file = join(directory, 'manifest.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AssemblyError(
      'WAYBILL_ASSEMBLY_NOT_FOUND',
      `There is no cloud assembly in ${directory}: manifest.json cannot be read. Run \`cdk synth\` first.`,
      { cause },
    );
  }
  return parseJson(text, file) as Manifest;
}

function readStack(
  directory: string,
  id: string,
  artifact: Artifact,
  artifacts: { readonly [id: string]: Artifact },
): CloudAssemblyStack {
  const templateFile = artifact.properties?.templateFile;
  if (templateFile === undefined) {
    throw new AssemblyError(
      'WAYBILL_ASSEMBLY_INVALID',
      `Stack ${id} names no template file in the manifest.`,
    );
  }
  const fileAssets = new Map<string, string>();
  const imageAssets = new Map<string, ImageAsset>();
  for (const dependency of artifact.dependencies ?? []) {
    const manifestFile = artifacts[dependency]?.properties?.file;
    if (artifacts[dependency]?.type === 'cdk:asset-manifest' && manifestFile !== undefined) {
      addAssets(directory, manifestFile, fileAssets, imageAssets);
    }
  }
  const [account, region] = parseEnvironment(artifact.environment);
  let read: ConstructsOfStack | undefined;
  const constructs = (): ConstructsOfStack => (read ??= constructsOf(directory, artifact));
  return {
    id,
    displayName: artifact.displayName ?? id,
    stackName: artifact.properties?.stackName ?? id,
    directory,
    account,
    region,
    template: readJson(directory, templateFile),
    parameters: artifact.properties?.parameters ?? {},
    fileAssets,
    imageAssets,
    constructPaths: (nestedStack = '') => constructs().paths.get(nestedStack) ?? new Map(),
    nestedTemplateFile: (nestedStack) => constructs().nestedTemplates.get(nestedStack),
  };
}

interface ConstructsOfStack {
  /** By the construct path of the nested stack, empty for the stack itself; then by logical id. */
  readonly paths: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** By the construct path of the nested stack. */
  readonly nestedTemplates: ReadonlyMap<string, string>;
}

function constructsOf(directory: string, artifact: Artifact): ConstructsOfStack {
  const { metadata = {}, additionalMetadataFile: file } = artifact;
  const inFile = file === undefined ? {} : (readJson(directory, file) as ConstructMetadata);
  const entries = Object.entries({ ...metadata, ...inFile }).flatMap(([path, all]) =>
    all.map(({ type, data }) => ({ path: path.slice(1), type, data })),
  );
  const ids = entries.filter(({ type }) => type === 'aws:cdk:logicalId');
  const nested = new Set(ids.flatMap(({ path }) => nestedStackOf(path) ?? []));
  const paths = new Map<string, Map<string, string>>();
  for (const { path, data } of ids) {
    if (typeof data !== 'string') continue;
    // Logical ids are those of the innermost nested stack; the one of a nested stack itself is in its parent.
    const parts = path.split('/');
    const within = parts.map((_, index) => parts.slice(0, -index - 1).join('/'));
    const scope = within.find((one) => nested.has(one)) ?? '';
    paths.set(scope, (paths.get(scope) ?? new Map<string, string>()).set(data, path));
  }
  const nestedTemplates = new Map(
    entries.flatMap(({ path, type, data }) =>
      type === 'aws:cdk:templateFile' && typeof data === 'string' && nested.has(path) ? [[path, data]] : [],
    ),
  );
  return { paths, nestedTemplates };
}

/** `Shop/Inner` of the resource `Shop/Inner.NestedStack/Inner.NestedStackResource`; undefined for any other. */
export function nestedStackOf(resourcePath: string): string | undefined {
  return /^(.+)\.NestedStack\/[^/]+\.NestedStackResource$/.exec(resourcePath)?.[1];
}

function addAssets(
  directory: string,
  file: string,
  into: Map<string, string>,
  images: Map<string, ImageAsset>,
): void {
  const { files = {}, dockerImages = {} } = readJson(directory, file) as AssetManifest;
  for (const { source, destinations } of Object.values(dockerImages)) {
    if (source.directory === undefined) continue;
    const image = {
      directory: resolve(directory, source.directory),
      dockerfile: source.dockerFile ?? 'Dockerfile',
    };
    for (const { repositoryName, imageTag } of Object.values(destinations)) {
      images.set(`${repositoryName}:${imageTag}`, image);
    }
  }
  for (const { source, destinations } of Object.values(files)) {
    if (source.path === undefined) continue;
    for (const { objectKey } of Object.values(destinations)) {
      into.set(objectKey, resolve(directory, source.path));
    }
  }
}

function readJson(directory: string, name: string): object {
  const file = join(directory, name);
  try {
    return parseJson(readFileSync(file, 'utf8'), file);
  } catch (cause) {
    if (cause instanceof AssemblyError) throw cause;
    throw new AssemblyError(
      'WAYBILL_ASSEMBLY_INVALID',
      `The cloud assembly names ${file}, which cannot be read. Run \`cdk synth\` again.`,
      { cause },
    );
  }
}

function parseJson(text: string, file: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!isRecord(parsed)) throw new SyntaxError('it is no object');
    return parsed;
  } catch (cause) {
    throw new AssemblyError(
      'WAYBILL_ASSEMBLY_INVALID',
      `${file} is no JSON object. Run \`cdk synth\` again.`,
      { cause },
    );
  }
}

/** `aws://111111111111/eu-west-1` -> account and region, each undefined where CDK wrote `unknown-...`. */
function parseEnvironment(environment = ''): [string | undefined, string | undefined] {
  const [account, region] = environment.replace(/^aws:\/\//, '').split('/');
  return [known(account), known(region)];
}

function known(part: string | undefined): string | undefined {
  return part === undefined || part === '' || part.startsWith('unknown-') ? undefined : part;
}

function inDependencyOrder(artifacts: { readonly [id: string]: Artifact }): [string, Artifact][] {
  const ordered = new Map<string, Artifact>();
  const visit = (id: string, path: readonly string[]): void => {
    if (ordered.has(id)) return;
    if (path.includes(id)) {
      const cycle = [...path.slice(path.indexOf(id)), id].join(' -> ');
      throw new AssemblyError(
        'WAYBILL_TEMPLATE_CYCLE',
        `Stacks of the assembly depend on each other: ${cycle}.`,
      );
    }
    const artifact = artifacts[id];
    if (artifact === undefined) {
      throw new AssemblyError(
        'WAYBILL_ASSEMBLY_INVALID',
        `The manifest names the artifact ${id} as a dependency of ${path.at(-1) ?? 'the app'}, but does not hold it.`,
      );
    }
    for (const dependency of artifact.dependencies ?? []) visit(dependency, [...path, id]);
    ordered.set(id, artifact);
  };
  for (const id of Object.keys(artifacts)) visit(id, []);
  return [...ordered];
}
