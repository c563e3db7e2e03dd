/** Policies of queues and topics: CloudFormation has one resource for several holders of a policy and one for a single holder. */
import { AwsError } from '../../aws/errors.ts';
import { listProperty, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';

export interface PolicyHolder {
  /** The property that names several of them, and the one that names one. */
  readonly several: string;
  readonly one: string;
  /** Characters that a name generated for the policy may have. */
  readonly nameLength: number;
  /** The empty text takes the policy away. */
  readonly setPolicy: (context: ProviderContext, holder: Json, policy: string) => Promise<unknown>;
}

export function policyOfSeveral({ several, nameLength, setPolicy }: PolicyHolder): Provider {
  const put = async (properties: JsonObject, context: ProviderContext): Promise<void> => {
    const policy = JSON.stringify(properties['PolicyDocument']);
    for (const holder of listProperty(properties, several)) await setPolicy(context, holder, policy);
  };
  return {
    honoured: ['PolicyDocument', several],
    inert: [],
    async create(properties, context) {
      await put(properties, context);
      const id = context.generatedName(nameLength);
      return { physicalId: id, attributes: { Id: id } };
    },
    async update(created, properties, previous, context) {
      const kept = listProperty(properties, several);
      for (const holder of listProperty(previous, several)) {
        if (!kept.includes(holder)) await takeAway(setPolicy, context, holder);
      }
      await put(properties, context);
      return created;
    },
    async delete(_created, properties, context) {
      for (const holder of listProperty(properties, several)) await takeAway(setPolicy, context, holder);
    },
  };
}

export function policyOfOne({ one, setPolicy }: PolicyHolder): Provider {
  return {
    honoured: ['PolicyDocument', one],
    inert: [],
    replacedOnChange: [one],
    async create(properties, context) {
      const holder = textProperty(properties, one) ?? '';
      await setPolicy(context, holder, JSON.stringify(properties['PolicyDocument']));
      return { physicalId: holder, attributes: {} };
    },
    async update(created, properties, _previous, context) {
      await setPolicy(context, created.physicalId, JSON.stringify(properties['PolicyDocument']));
      return created;
    },
    async delete(created, _properties, context) {
      await takeAway(setPolicy, context, created.physicalId);
    },
  };
}

/** A holder that is gone has no policy either. */
async function takeAway(
  setPolicy: PolicyHolder['setPolicy'],
  context: ProviderContext,
  holder: Json,
): Promise<void> {
  try {
    await setPolicy(context, holder, '');
  } catch (error) {
    if (!(error instanceof AwsError) || !/DoesNotExist|NotFound/.test(error.code)) throw error;
  }
}
