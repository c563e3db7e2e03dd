/** Whether security groups let a client reach a server on a port. Network ACLs and routes are not looked at. */
import type { Messaging, Resource } from '../assembly/index.ts';
import { objects, text } from '../assembly/property.ts';

/** @param clientGroups ids or references, as properties name them */
export function mayReach(
  { assembly }: Messaging,
  clientGroups: readonly unknown[],
  serverGroups: readonly unknown[],
  port: number,
): boolean {
  const servers = new Set(serverGroups.map(String));
  const clients = new Set(clientGroups.map(String));
  const separate = assembly
    .ofType('AWS::EC2::SecurityGroupIngress')
    .filter(({ properties }) => servers.has(text(properties['GroupId']) ?? ''))
    .map(({ properties }) => properties);
  const inline = assembly
    .ofType('AWS::EC2::SecurityGroup')
    .filter((group) => namesOf(group).some((name) => servers.has(name)))
    .flatMap(({ properties }) => objects(properties['SecurityGroupIngress']));
  return [...separate, ...inline].some(
    (rule: Readonly<Record<string, unknown>>) =>
      covers(rule['FromPort'], rule['ToPort'], port) &&
      clients.has(text(rule['SourceSecurityGroupId']) ?? ''),
  );
}

/** A port that only AWS knows, such as that of a database, is taken for the right one. */
function covers(from: unknown, to: unknown, port: number): boolean {
  const [least, most] = [Number(from), Number(to)];
  return Number.isNaN(least) || Number.isNaN(most) || (least <= port && port <= most);
}

function namesOf({ ref, arn, logicalId }: Resource): readonly string[] {
  return [ref, arn ?? '', logicalId];
}
