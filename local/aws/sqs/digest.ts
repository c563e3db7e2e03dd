/** The MD5 of a body, by which SDKs check what they sent and received. */
import { hash } from 'node:crypto';

export function bodyMd5(body: string): string {
  return hash('md5', body, 'hex');
}
