/** The guards as a rule pack of cdk-nag: relations between resources of the whole application, reported per construct. */
import type {
  CfnResource,
  IPolicyValidationContext,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { NagMessageLevel, NagPack, NagRuleCompliance } from 'cdk-nag';
import type { NagPackProps } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { codeOf, findingsOf, GUARDS, linkOf } from '../guards/index.ts';
import type { Guard, GuardFinding } from '../guards/index.ts';
import { uncheckedReport } from '../unchecked.ts';
import { constructPathOf, synthesizedAssemblies } from './synthesized-assembly.ts';

/**
 * Finds where an application would lose messages in silence. It needs none of Waybill's constructs.
 *
 * An error fails the synth, a warning does not. Each finding stands by itself, on the construct that has to be changed,
 * with what was received, what is allowed, the fix, and a code for `waybill explain`. What is right in a case is
 * acknowledged there or above; with the pack's name before the id it stays in the report, with its reason.
 *
 * @example
 * Validations.of(app).addPlugins(new WaybillChecks(app));
 * Validations.of(queue).acknowledge({
 *   id: 'Waybill::Waybill-W10',
 *   reason: 'Drained every hour',
 * });
 */
export class WaybillChecks extends NagPack {
  readonly name = 'Waybill';
  override readonly ruleIds = GUARDS.map(ruleNameOf);
  readonly #explains: boolean;
  readonly #scope: IConstruct | undefined;
  #findings: ReadonlyMap<string, readonly GuardFinding[]> = new Map();

  /** @param props `verbose` adds to each finding why it matters. */
  constructor(scope?: IConstruct, props?: NagPackProps) {
    super(scope, props);
    this.packName = this.name;
    this.#explains = props?.verbose ?? false;
    this.#scope = scope;
  }

  /** Called by CDK. Its first releases with plugins do not say whose templates they are; the constructor does. */
  override validate(context: Partial<IPolicyValidationContext>): PolicyValidationPluginReport {
    const scope = context.appConstruct ?? this.#scope;
    if (scope === undefined) throw new Error('give the application: new WaybillChecks(app)');
    try {
      return this.validateScope(scope);
    } catch (error) {
      return uncheckedReport(scope, {
        ruleName: 'Waybill-Unchecked',
        what: 'The rules could not be run, nothing is checked',
        wayOut: 'take the pack out',
        error,
      });
    }
  }

  /** Checks what has been synthesized of the application, all stacks of a stage together. */
  override validateScope(scope: IConstruct): PolicyValidationPluginReport {
    // With what is acknowledged in the templates: CDK takes that out itself, and keeps it in the report.
    const found = synthesizedAssemblies(scope.node.root).flatMap((assembly) => findingsOf(assembly));
    this.#findings = Map.groupBy(found, ({ finding }) => constructPathOf(finding.resource));
    // The pack decides what is acknowledged. It would report a rule once, with the message of the first finding.
    const violations = super
      .validateScope(scope)
      .violations.flatMap(({ ruleName, violatingResources }) =>
        violatingResources.flatMap(({ constructPath = '' }) => this.#violations(ruleName, constructPath)),
      );
    return { success: violations.every(({ severity }) => severity !== 'error'), violations };
  }

  protected override checkResource(node: CfnResource): void {
    const guards = new Set(this.#findings.get(node.node.path)?.map(({ guard }) => guard));
    for (const guard of guards) {
      this.applyRule({
        ruleSuffixOverride: guard.id,
        info: guard.title,
        explanation: guard.explanation,
        level: guard.level === 'error' ? NagMessageLevel.ERROR : NagMessageLevel.WARN,
        node,
        rule: () => NagRuleCompliance.NON_COMPLIANT,
      });
    }
  }

  #violations(ruleName: string, constructPath: string): PolicyViolation[] {
    return (this.#findings.get(constructPath) ?? [])
      .filter(({ guard }) => ruleNameOf(guard) === ruleName)
      .map(({ guard, finding }) => ({
        ruleName,
        severity: guard.level,
        description: `${guard.title}. [${finding.resource.constructPath}] ${finding.property}: received ${finding.received}, allowed ${finding.allowed} (${codeOf(guard)})${this.#explains ? `. ${guard.explanation}` : ''}`,
        fix: `${finding.fix} (waybill explain ${guard.id}; ${linkOf({ source: finding.source ?? guard.source })})`,
        violatingResources: [{ constructPath, locations: ['Properties'] }],
      }));
  }
}

function ruleNameOf({ id }: Guard): string {
  return `Waybill-${id}`;
}
