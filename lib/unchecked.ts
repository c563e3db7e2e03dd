/** What a validation plugin reports that could not do its work. */
import { Stack } from 'aws-cdk-lib';
import type { PolicyValidationPluginReport } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

export interface Unchecked {
  readonly ruleName: string;
  /** What could not be done, and what nobody has looked at therefore. */
  readonly what: string;
  /** For example `take the pack out`. */
  readonly wayOut: string;
  readonly error: unknown;
}

/**
 * An error of its own. CDK's command line leaves out a plugin that throws, and exits with 0: an application that nobody
 * has looked at would be green.
 */
export function uncheckedReport(
  scope: IConstruct,
  { ruleName, what, wayOut, error }: Unchecked,
): PolicyValidationPluginReport {
  const stack = scope.node.root.node.findAll().find((construct) => Stack.isStack(construct)) ?? scope;
  return {
    success: false,
    violations: [
      {
        ruleName,
        severity: 'error',
        description: `${what}: ${error instanceof Error ? error.message : String(error)} (${CODE})`,
        fix: `mend what the message names; else report it with the template, and ${wayOut} until then (waybill explain CHECKS_FAILED)`,
        violatingResources: [{ constructPath: stack.node.path, locations: [] }],
      },
    ],
  };
}

const CODE = 'WAYBILL_CHECKS_FAILED';
