// Where the service is. The address must be listed in the console of the
// mini-program under "服务器域名白名单"; it is https in production.
module.exports = {
  base: 'https://cert.example.com',
};
