// Whose token a request has: a JWT that HS256 signed, and no more than that. No session is looked up.
import { createVerifier } from 'fast-jwt';

const verify = createVerifier({
  key: process.env.JWT_SECRET, algorithms: ['HS256'], allowedIss: 'postern', allowedAud: 'postern', cache: true,
});

export function context({ headers: { authorization } }) {
  return { subject: authorization && verify(authorization.slice('Bearer '.length)).sub };
}
