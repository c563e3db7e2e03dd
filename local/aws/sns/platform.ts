/**
 * Push platforms: applications and the endpoints of their devices. A push ends in the inbox, whatever the platform's
 * credentials say. sns/latest/dg/sns-mobile-application-as-subscriber.html
 */
import { randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { page } from '../paging.ts';
import { endpointDisabled, invalidParameter, notFound } from './errors.ts';
import { type Input, optionalText, textMap } from './input.ts';
import { PAGE_SIZE } from './limits.ts';

interface Kept {
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface KeptEndpoint extends Kept {
  readonly applicationArn: string;
}

/** `CreatePlatformApplication` knows these. sns/latest/api/API_CreatePlatformApplication.html */
const PLATFORMS: ReadonlySet<string> = new Set([
  'ADM',
  'APNS',
  'APNS_SANDBOX',
  'APNS_VOIP',
  'APNS_VOIP_SANDBOX',
  'APNS_PASSBOOK',
  'APNS_MACOS',
  'APNS_MACOS_SANDBOX',
  'BAIDU',
  'GCM',
  'MACOS',
  'MACOS_SANDBOX',
  'MPNS',
  'WNS',
]);

export interface Platforms {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  /** Throws what Publish answers when a push to this endpoint is not possible. */
  checkEndpoint(endpointArn: string): void;
}

export function createPlatforms(context: AwsContext): Platforms {
  const keptApplications = context.state.collection<Kept>('sns.platformApplications');
  const keptEndpoints = context.state.collection<KeptEndpoint>('sns.platformEndpoints');
  const applications = new Map(keptApplications.entries());
  const endpoints = new Map(keptEndpoints.entries());

  const saveApplication = (application: Kept): void => {
    applications.set(application.arn, application);
    keptApplications.put(application.arn, application);
  };
  const saveEndpoint = (endpoint: KeptEndpoint): void => {
    endpoints.set(endpoint.arn, endpoint);
    keptEndpoints.put(endpoint.arn, endpoint);
  };
  const dropEndpoint = (arn: string): void => {
    endpoints.delete(arn);
    keptEndpoints.delete(arn);
  };

  const application = (input: Input): Kept => {
    const found = applications.get(optionalText(input, 'PlatformApplicationArn') ?? '');
    if (!found) throw notFound('PlatformApplication does not exist');
    return found;
  };
  const endpoint = (input: Input): KeptEndpoint => {
    const found = endpoints.get(optionalText(input, 'EndpointArn') ?? '');
    if (!found) throw notFound('Endpoint does not exist');
    return found;
  };

  const createApplication = (input: Input) => {
    const platform = optionalText(input, 'Platform') ?? '';
    const name = optionalText(input, 'Name') ?? '';
    if (!PLATFORMS.has(platform)) throw invalidParameter(`Platform Reason: ${platform} is not supported`);
    if (!/^[\w.-]{1,256}$/.test(name)) throw invalidParameter('Name');
    const arn = `arn:aws:sns:${context.region}:${context.accountId}:app/${platform}/${name}`;
    if (!applications.has(arn)) {
      saveApplication({ arn, attributes: Object.fromEntries(textMap(input, 'Attributes')) });
    }
    return { PlatformApplicationArn: arn };
  };

  const createEndpoint = (input: Input) => {
    const { arn: applicationArn } = application(input);
    const token = optionalText(input, 'Token') ?? '';
    if (token === '') throw invalidParameter('Token Reason: no value for required parameter');
    const data = optionalText(input, 'CustomUserData');
    const attributes = {
      Enabled: 'true',
      ...(data === undefined ? {} : { CustomUserData: data }),
      ...Object.fromEntries(textMap(input, 'Attributes')),
      Token: token,
    };
    const existing = [...endpoints.values()].find(
      (one) => one.applicationArn === applicationArn && one.attributes['Token'] === token,
    );
    if (existing) {
      const differs = Object.entries(attributes).some(([name, value]) => existing.attributes[name] !== value);
      if (differs) {
        throw invalidParameter(
          `Token Reason: Endpoint ${existing.arn} already exists with the same Token, but different attributes.`,
        );
      }
      return { EndpointArn: existing.arn };
    }
    const arn = `${applicationArn.replace(':app/', ':endpoint/')}/${randomUUID()}`;
    saveEndpoint({ arn, applicationArn, attributes });
    return { EndpointArn: arn };
  };

  const listPage = <Item>(all: readonly Item[], input: Input) =>
    page(all, {
      size: PAGE_SIZE,
      token: optionalText(input, 'NextToken'),
      invalidToken: () => invalidParameter('NextToken'),
    });

  const shown = (member: string) => (one: Kept) => ({ [member]: one.arn, Attributes: one.attributes });

  return {
    actions: {
      CreatePlatformApplication: createApplication,
      DeletePlatformApplication(input) {
        const arn = optionalText(input, 'PlatformApplicationArn') ?? '';
        applications.delete(arn);
        keptApplications.delete(arn);
        for (const one of endpoints.values()) if (one.applicationArn === arn) dropEndpoint(one.arn);
      },
      GetPlatformApplicationAttributes: (input) => ({ Attributes: application(input).attributes }),
      SetPlatformApplicationAttributes(input) {
        const { arn, attributes } = application(input);
        const changed = Object.fromEntries(textMap(input, 'Attributes'));
        saveApplication({ arn, attributes: { ...attributes, ...changed } });
      },
      ListPlatformApplications(input) {
        const { items, next } = listPage([...applications.values()], input);
        return { PlatformApplications: items.map(shown('PlatformApplicationArn')), ...next };
      },
      CreatePlatformEndpoint: createEndpoint,
      DeleteEndpoint: (input) => dropEndpoint(optionalText(input, 'EndpointArn') ?? ''),
      GetEndpointAttributes: (input) => ({ Attributes: endpoint(input).attributes }),
      SetEndpointAttributes(input) {
        const found = endpoint(input);
        const changed = Object.fromEntries(textMap(input, 'Attributes'));
        saveEndpoint({ ...found, attributes: { ...found.attributes, ...changed } });
      },
      ListEndpointsByPlatformApplication(input) {
        const { arn } = application(input);
        const of = [...endpoints.values()].filter((one) => one.applicationArn === arn);
        const { items, next } = listPage(of, input);
        return { Endpoints: items.map(shown('EndpointArn')), ...next };
      },
    },
    checkEndpoint(endpointArn) {
      const found = endpoints.get(endpointArn);
      if (!found) throw invalidParameter('TargetArn Reason: No endpoint found for the target arn specified');
      if (found.attributes['Enabled'] === 'false') throw endpointDisabled();
    },
  };
}
