/** The estimate as a validation plugin: what cannot work refuses the synth, warnings can be acknowledged, the cost is printed. */
import { dirname, sep } from 'node:path';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { readAssembly } from '../assembly/index.ts';
import { uncheckedReport } from '../unchecked.ts';
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
    try {
      return this.#report(context);
    } catch (error) {
      return uncheckedReport(context.appConstruct, {
        ruleName: 'WaybillCapacity-Unchecked',
        what: 'The estimate could not be made, capacity and quotas are not checked',
        wayOut: 'take the plugin out',
        error,
      });
    }
  }

  #report(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const estimates = directoriesOf(context).map((directory) =>
      estimate(readAssembly(directory), { load: this.#props.load }),
    );
    if (this.#props.printCost !== false) {
      for (const found of estimates) process.stderr.write(`\n${shortTable(found)}`);
    }
    const violations = violationsOf(
      estimates.flatMap(({ verdicts }) => verdicts.filter(({ severity }) => severity !== 'info')),
    );
    return { success: !violations.some(({ severity }) => severity === 'error'), violations };
  }
}

/**
 * The application's directory, or those of its stages: each stage has a topology of its own. Stacks beside stages,
 * which are pipelines as a rule, are left out.
 */
function directoriesOf({ templatePaths }: IPolicyValidationContext): readonly string[] {
  const directories = [...new Set(templatePaths.map((path) => dirname(path)))];
  return directories.filter((outer) => !directories.some((inner) => inner.startsWith(`${outer}${sep}`)));
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
