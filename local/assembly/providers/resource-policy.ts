/** Policies of queues and topics: CloudFormation has one resource for several holders of a policy and one for a single holder. */
import { listProperty, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import type { Json } from '../template.ts';

export interface PolicyHolder {
  /** The property that names several of them, and the one that names one. */
  readonly several: string;
  readonly one: string;
  /** Characters that a name generated for the policy may have. */
  readonly nameLength: number;
  readonly setPolicy: (context: ProviderContext, holder: Json, policy: string) => Promise<unknown>;
}

export function policyOfSeveral({ several, nameLength, setPolicy }: PolicyHolder): Provider {
  return {
    honoured: ['PolicyDocument', several],
    inert: [],
    async create(properties, context) {
      const policy = JSON.stringify(properties['PolicyDocument']);
      for (const holder of listProperty(properties, several)) await setPolicy(context, holder, policy);
      const id = context.generatedName(nameLength);
      return { physicalId: id, attributes: { Id: id } };
    },
  };
}

export function policyOfOne({ one, setPolicy }: PolicyHolder): Provider {
  return {
    honoured: ['PolicyDocument', one],
    inert: [],
    async create(properties, context) {
      const holder = textProperty(properties, one) ?? '';
      await setPolicy(context, holder, JSON.stringify(properties['PolicyDocument']));
      return { physicalId: holder, attributes: {} };
    },
  };
}
