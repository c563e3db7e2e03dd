export const handler = () => Promise.reject(new Error('not written yet'));
