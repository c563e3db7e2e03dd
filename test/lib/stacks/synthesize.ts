/** Synthesizes an environment as bin/app.ts does, without bundles, and reads what came of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { environmentConfig } from '../../../lib/config/index.ts';
import type { EnvironmentConfig, EnvironmentName } from '../../../lib/config/index.ts';
import { WaybillChecks } from '../../../lib/nag/index.ts';
import { createApplication } from '../../../lib/stacks/application.ts';
import { readTopology } from '../../../lib/topology/index.ts';
import type { Topology } from '../../../lib/topology/index.ts';
import { oncePerRun } from '../../support/once-per-run.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}

export interface SynthesizedTemplate {
  /** Absent where a stack has none. */
  readonly Resources?: Readonly<Record<string, Resource>>;
}

/** An acknowledgement of cdk-nag's as it stands on a construct. CDK has some of its own, of other rules. */
export interface Acknowledgement {
  readonly path: string;
  readonly id: string;
  readonly reason: string;
}

/** A finding of cdk-nag that an acknowledgement has suppressed. */
export interface Suppressed {
  readonly path: string;
  readonly id: string;
  readonly reason: string;
}

export interface Synthesized {
  readonly directory: string;
  readonly topology: Topology;
  readonly templates: Readonly<Record<string, SynthesizedTemplate>>;
  readonly acknowledgements: readonly Acknowledgement[];
  readonly suppressed: readonly Suppressed[];
  /** Findings that nothing has suppressed. */
  readonly violations: readonly string[];
}

interface Finding {
  readonly ruleName: string;
  readonly violatingConstructs: readonly { readonly constructPath: string }[];
  readonly acknowledgedId?: string;
  readonly reason?: string;
}

/** What is there whichever systems are switched on. */
const SHARED_STACKS: readonly string[] = ['Foundation', 'Network', 'Data', 'Observability'];

export function isSharedStack(name: string): boolean {
  return SHARED_STACKS.includes(name);
}

const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

/** Each is synthesized once in a run of the tests; nothing may write to its directory. */
export function synthesize(
  environment: EnvironmentName,
  changes: Partial<EnvironmentConfig> = {},
): Synthesized {
  return oncePerRun(JSON.stringify(['synthesize', environment, changes]), () =>
    synthesizeNow(environment, changes),
  );
}

function synthesizeNow(environment: EnvironmentName, changes: Partial<EnvironmentConfig>): Synthesized {
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: {
      ...context,
      'aws:cdk:bundling-stacks': [],
      'aws:cdk:disable-stack-trace': true,
      'aws:cdk:disable-creation-stack-traces': true,
    },
  });
  createApplication(app, { ...environmentConfig(environment), ...changes });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new WaybillChecks(app));
  const assembly = app.synth();
  const { pluginReports } = JSON.parse(
    readFileSync(join(assembly.directory, 'validation-report.json'), 'utf8'),
  ) as {
    pluginReports: readonly { violations: Finding[]; suppressedViolations?: Finding[] }[];
  };
  return {
    directory: assembly.directory,
    topology: readTopology(assembly.directory),
    templates: Object.fromEntries(
      assembly.stacks.map(({ id, template }) => [
        id.split('.')[0]!,
        normalized(template as SynthesizedTemplate),
      ]),
    ),
    acknowledgements: acknowledgementsOf(app),
    suppressed: pluginReports.flatMap(({ suppressedViolations }) =>
      (suppressedViolations ?? []).flatMap(({ acknowledgedId, reason, violatingConstructs }) =>
        violatingConstructs.map(({ constructPath }) => ({
          path: constructPath,
          id: acknowledgedId ?? '',
          reason: reason ?? '',
        })),
      ),
    ),
    violations: pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName)),
  };
}

function acknowledgementsOf(app: App): Acknowledgement[] {
  return app.node
    .findAll()
    .flatMap(({ node }) =>
      node.metadata
        .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
        .flatMap(({ data }) => Object.entries(data as Record<string, string>))
        .map(([id, reason]) => ({ path: node.path, id, reason })),
    )
    .filter(({ id }) => /^(?:AwsSolutions|Waybill)::/.test(id));
}

/** The hashes of assets change with the code, which is not what a snapshot of a stack is about. */
function normalized(template: SynthesizedTemplate): SynthesizedTemplate {
  return JSON.parse(JSON.stringify(template).replaceAll(/[0-9a-f]{64}/g, 'HASH')) as SynthesizedTemplate;
}

/**
 * Names carry the environment, and a hash of it, everywhere; that alone is no difference. It comes right after the
 * application (`waybill-prod-core-...`, `waybillprodcore-...`) or last (`waybill-ai-job-request-prod`).
 */
export function withoutNames(
  template: SynthesizedTemplate,
  environment: EnvironmentName,
): SynthesizedTemplate {
  const text = JSON.stringify(template)
    .replaceAll(new RegExp(`\\bwaybill(-?)${environment}(?![A-Z0-9])`, 'g'), 'waybill$1ENV')
    .replaceAll(new RegExp(`\\b(waybill-[a-z0-9-]+-)${environment}(?![A-Za-z0-9-])`, 'g'), '$1ENV')
    .replaceAll(/-[0-9A-F]{8}(?=["./])/g, '-HASH');
  return JSON.parse(text) as SynthesizedTemplate;
}

/** Where two values differ: `path: this -> that`, leaf by leaf. */
export function differencesOf(before: unknown, after: unknown, path = ''): string[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
    return keys.flatMap((key) =>
      differencesOf(before[key], after[key], path === '' ? key : `${path}.${key}`),
    );
  }
  const [left, right] = [JSON.stringify(before), JSON.stringify(after)];
  return left === right ? [] : [`${path}: ${short(left)} -> ${short(right)}`];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A whole resource that is only on one side is named by its type. */
function short(json: string | undefined): string {
  if (json === undefined) return 'absent';
  const type = /"Type":"(AWS::[A-Za-z0-9:]+)"/.exec(json)?.[1];
  return json.length > 200 && type !== undefined ? type : json;
}
