/** `service()`: who publishes. A service owns one source, and through it its topic. */
import { ContractError } from './errors.ts';

export interface ServiceProps {
  /**
   * The `source` of every event this service publishes.
   * @default - the service's name
   */
  readonly source?: string;
  /**
   * One sentence for the documents.
   * @default - no description
   */
  readonly description?: string;
}

export interface ServiceContract {
  readonly name: string;
  readonly source: string;
  readonly description: string | undefined;
}

/**
 * Declares a publishing service.
 * @throws ContractError WAYBILL_CONTRACT_INVALID when the name cannot be part of a resource name
 */
export function service(name: string, props: ServiceProps = {}): ServiceContract {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) {
    throw new ContractError(
      'WAYBILL_CONTRACT_INVALID',
      `service '${name}': name must be lower case letters, digits and '-', at most 40 characters, for example core-api`,
    );
  }
  return { name, source: props.source ?? name, description: props.description };
}
