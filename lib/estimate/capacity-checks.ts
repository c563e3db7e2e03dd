/** The estimate as a validation plugin: what cannot work refuses the synth, warnings can be acknowledged, the cost is printed. */
import { dirname } from 'node:path';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { readAssembly } from '../assembly/index.ts';
import { estimate } from './estimate.ts';
import type { LoadProfile } from './load.ts';
import { shortTable } from './table.ts';
import { VERDICT_RULES } from './verdict.ts';
import type { Verdict, VerdictCode } from './verdict.ts';

export interface CapacityChecksProps {
  /**
   * The part of the declared traffic that this environment sees.
   * @default - the declared peak, a fifth of it on average
   */
  readonly load?: LoadProfile;
  /**
   * Whether the table of costs is printed to stderr.
   * @default true
   */
  readonly printCost?: boolean;
}

/**
 * Checks capacity and quotas of everything that is synthesized, in one run, and prints what it costs.
 *
 * A warning is acknowledged where it arises, or above:
 *
 * @example
 * Validations.of(app).addPlugins(new CapacityChecks());
 * Validations.of(queue).acknowledge({
 *   id: 'WaybillCapacity::WAYBILL_CAPACITY_CONCURRENCY_SHORT',
 *   reason: 'The peak lasts a minute; the queue may grow so long',
 * });
 */
export class CapacityChecks implements IPolicyValidationPlugin {
  readonly name = 'WaybillCapacity';
  readonly ruleIds = Object.keys(VERDICT_RULES);
  readonly #props: CapacityChecksProps;

  constructor(props: CapacityChecksProps = {}) {
    this.#props = props;
  }

  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const found = estimate(readAssembly(directoryOf(context)), { load: this.#props.load });
    if (this.#props.printCost !== false) process.stderr.write(`\n${shortTable(found)}`);
    const violations = violationsOf(found.verdicts.filter(({ severity }) => severity !== 'info'));
    return { success: !violations.some(({ severity }) => severity === 'error'), violations };
  }
}

/** Of the whole application, also when its stages have directories of their own within it. */
function directoryOf({ appConstruct, templatePaths }: IPolicyValidationContext): string {
  // An App has its directory; its class is not asked for, so that the command line need not load CDK.
  const outdir = 'outdir' in appConstruct ? appConstruct.outdir : undefined;
  return typeof outdir === 'string' ? outdir : dirname(templatePaths[0] ?? '.');
}

/** A violation per verdict: each has numbers of its own. */
function violationsOf(verdicts: readonly Verdict[]): PolicyViolation[] {
  return verdicts.map(({ code, severity, constructPath, received, allowed, fix, source }) => ({
    ruleName: code satisfies VerdictCode,
    severity,
    description: `${received}; allowed ${allowed}`,
    fix: `${fix} (${source})`,
    violatingResources: [{ constructPath, locations: [] }],
  }));
}
