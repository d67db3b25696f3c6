BslopeJ¿<%³
¿™Õ¼