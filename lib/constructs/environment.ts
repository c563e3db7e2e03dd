/** The environment's name, which functions get and the topology carries. */
import type { IConstruct } from 'constructs';

/** The context key an application sets: `app.node.setContext(ENVIRONMENT_CONTEXT_KEY, 'prod')`. */
export const ENVIRONMENT_CONTEXT_KEY = 'waybill:environment';

/** The context key of the command line: `-c env=prod`. */
const COMMAND_LINE_CONTEXT_KEY = 'env';

/** What an application that names none gets. */
const DEFAULT_ENVIRONMENT = 'local';

export function environmentOf(scope: IConstruct): string {
  for (const key of [ENVIRONMENT_CONTEXT_KEY, COMMAND_LINE_CONTEXT_KEY]) {
    const value: unknown = scope.node.tryGetContext(key);
    if (typeof value === 'string' && value !== '') return value;
  }
  return DEFAULT_ENVIRONMENT;
}
